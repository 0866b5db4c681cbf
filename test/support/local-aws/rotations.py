"""RotateSecret on a deployed function: an empty version gets AWSPENDING, and the function is called for the four steps,
one after the other, until one fails. User Guide, "Lambda rotation functions"; API Reference, RotateSecret.

With RotateImmediately false the step testSecret alone is called, on a version that is removed again. Nothing rotates by
a schedule here, and a step that failed is not tried again.
"""

import json
import threading
import uuid

from moto.awslambda.models import lambda_backends
from moto.secretsmanager.exceptions import InvalidRequestException
from moto.secretsmanager.models import SecretsManagerBackend

from functions import invoke
from secret_versions import CURRENT, PENDING, begin, find, holder_of, label

SERVICE = "secretsmanager.amazonaws.com"

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


def install():
    SecretsManagerBackend.rotate_secret = rotate_secret


def rotate_secret(
    backend,
    secret_id,
    client_request_token=None,
    rotation_lambda_arn=None,
    rotation_rules=None,
    rotate_immediately=True,
):
    secret = find(backend, secret_id)
    arn = rotation_lambda_arn or secret.rotation_lambda_arn
    if not arn:
        raise InvalidRequestException("No Lambda rotation function ARN is associated with this secret.")
    token = client_request_token or str(uuid.uuid4())
    pending = holder_of(secret, PENDING)
    if pending is not None and CURRENT not in pending["version_stages"] and pending["version_id"] != token:
        raise InvalidRequestException("A previous rotation isn't complete. That rotation will be reattempted.")
    secret.rotation_lambda_arn, secret.rotation_requested, secret.rotation_enabled = arn, True, True
    if rotation_rules:
        secret.auto_rotate_after_days = rotation_rules.get("AutomaticallyAfterDays", 0)
    version = secret.versions.get(token) or begin(secret, token)
    label(secret, PENDING, version)
    steps = STEPS if rotate_immediately else ("testSecret",)
    run = threading.Thread(target=rotate, args=(backend, secret, version, steps), daemon=True)
    run.start()
    return json.dumps({"ARN": secret.arn, "Name": secret.name, "VersionId": token})


def rotate(backend, secret, version, steps):
    function = lambda_backends[backend.account_id][backend.region_name].get_function(secret.rotation_lambda_arn)
    for step in steps:
        event = {"Step": step, "SecretId": secret.arn, "ClientRequestToken": version["version_id"]}
        if not invoke(function, event, by=SERVICE, source=secret.arn).succeeded:
            break
    if len(steps) == 1:
        secret.versions.pop(version["version_id"], None)
