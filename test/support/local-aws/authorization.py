"""IAM for Secrets Manager: the policies of the role that asks, of the secret, and of its key, as they were deployed.

An administrator has IAM's leave for everything; what the secret's own policy denies is denied to them as well. The local
endpoint has no TLS: a request counts as one that came over it.
"""

import json

from moto.kms.models import kms_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.secretsmanager.responses import SecretsManagerResponse

from identity import principal_of
from policy_documents import is_allowed, is_denied

# What Secrets Manager does with the key in the name of whoever asks.
KEY_ACTIONS = {
    "GetSecretValue": ("kms:Decrypt",),
    "PutSecretValue": ("kms:GenerateDataKey", "kms:Decrypt"),
}


def install():
    call_action = SecretsManagerResponse.call_action

    def authorized_call(self):
        action = self._get_action()
        denial = denial_of(self, action)
        if denial is None:
            return call_action(self)
        body = json.dumps({"__type": "AccessDeniedException", "Message": denial})
        return 400, self.response_headers, body

    SecretsManagerResponse.call_action = authorized_call


def denial_of(response, action):
    """Why a request is refused; None: it is not."""
    account, region = response.current_account, response.region
    principal = principal_of(account, response.access_key)
    secret = secretsmanager_backends[account][region].secrets.get(response._get_param("SecretId") or "")
    keys = {"aws:PrincipalArn": principal.arn, "aws:SecureTransport": "true"}
    stage = response._get_param("VersionStage")
    if stage is not None:
        keys["secretsmanager:VersionStage"] = stage
    resource = secret.arn if secret is not None else "*"
    request = {
        "action": f"secretsmanager:{action}",
        "resource": resource,
        "keys": keys,
        "principal": principal.arn,
        "account": account,
    }
    who = f"{principal.arn} is not authorized to perform: {request['action']} on resource: {resource}"
    if secret is not None and secret.policy is not None and is_denied([secret.policy], request):
        return f"User: {who} with an explicit deny in a resource-based policy"
    if principal.policies is not None:
        if is_denied(principal.policies, request):
            return f"User: {who} with an explicit deny in an identity-based policy"
        if not is_allowed(principal.policies, request):
            return f"User: {who} because no identity-based policy allows the {request['action']} action"
    if secret is None or secret.kms_key_id is None:
        return None
    return next(filter(None, (key_denial(action, secret, principal) for action in KEY_ACTIONS.get(action, ()))), None)


def key_denial(action, secret, principal):
    account, region = secret.account_id, secret.region
    key = kms_backends[account][region].keys[secret.kms_key_id.rsplit("/", 1)[-1]]
    request = {
        "action": action,
        "resource": key.arn,
        "keys": {
            "kms:ViaService": f"secretsmanager.{region}.amazonaws.com",
            "kms:CallerAccount": account,
            "kms:EncryptionContext:SecretARN": secret.arn,
            "aws:PrincipalArn": principal.arn,
        },
        "principal": principal.arn,
        "account": account,
    }
    # The key's policy leaves it to IAM of the account, which then has to allow it too.
    by_key = is_allowed([key.policy], request)
    by_role = principal.policies is None or is_allowed(principal.policies, request)
    if by_key and by_role:
        return None
    return f"Access to KMS is not allowed: {action} on {key.arn} for {principal.arn}"
