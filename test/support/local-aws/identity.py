"""Who makes a request: a role, when its access key came from one, else the administrator of the account.

Keys of roles are moto's: AssumeRole makes them, and a function gets a set of its own at its start.
"""

from dataclasses import dataclass

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

PARTITION = "aws"
SESSION_SECONDS = 3600


@dataclass(frozen=True)
class Principal:
    # As in the condition key aws:PrincipalArn: a role, not its session.
    arn: str
    # None: may do everything that is not denied.
    policies: tuple[str, ...] | None


def principal_of(account_id, access_key):
    session = sts_backends[account_id][PARTITION].get_assumed_role_from_access_key(access_key)
    if session is None:
        return Principal(f"arn:{PARTITION}:iam::{account_id}:user/administrator", None)
    role = iam_backends[account_id][PARTITION].get_role_by_arn(session.role_arn)
    managed = [policy.document for policy in role.managed_policies.values()]
    return Principal(role.arn, (*role.policies.values(), *managed))


def credentials_of(account_id, region, role_arn, session_name):
    """The variables by which every AWS SDK finds its credentials."""
    session = sts_backends[account_id][PARTITION].assume_role(
        region_name=region,
        role_session_name=session_name,
        role_arn=role_arn,
        policy=None,
        duration=SESSION_SECONDS,
        external_id=None,
    )
    return {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
    }
