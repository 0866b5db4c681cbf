"""Versions of a secret and their labels, as Secrets Manager moves them. API Reference: PutSecretValue, GetSecretValue,
UpdateSecretVersionStage. Takes the place of moto's own, which differs in what a rotation needs.
"""

import json
import time

from moto.secretsmanager.exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    ResourceExistsException,
    ResourceNotFoundException,
    SecretNotFoundException,
)
from moto.secretsmanager.models import SecretsManagerBackend

CURRENT, PREVIOUS, PENDING = "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"

VALUE_MAX_BYTES = 65_536


def install():
    SecretsManagerBackend.get_secret_value = get_secret_value
    SecretsManagerBackend.put_secret_value = put_secret_value
    SecretsManagerBackend.update_secret_version_stage = update_secret_version_stage


def find(backend, secret_id):
    secret = backend.secrets.get(secret_id)
    if secret is None:
        raise SecretNotFoundException()
    if secret.is_deleted():
        raise InvalidRequestException("The secret was marked for deletion")
    return secret


def holder_of(secret, stage):
    """The version that has a label; None: there is none."""
    return next((version for version in secret.versions.values() if stage in version["version_stages"]), None)


def label(secret, stage, version):
    """Moves a label, and with AWSCURRENT also AWSPREVIOUS."""
    before = holder_of(secret, stage)
    if before is version:
        return
    if before is not None:
        before["version_stages"].remove(stage)
    version["version_stages"].append(stage)
    if stage != CURRENT:
        return
    secret.set_default_version_id(version["version_id"])
    if PREVIOUS in version["version_stages"]:
        version["version_stages"].remove(PREVIOUS)
    if before is not None:
        label(secret, PREVIOUS, before)


def begin(secret, version_id):
    """A version without a value and without a label."""
    version = {"version_id": version_id, "version_stages": [], "createdate": int(time.time())}
    secret.versions[version_id] = version
    return version


def get_secret_value(backend, secret_id, version_id, version_stage):
    secret = find(backend, secret_id)
    stage = version_stage or (None if version_id else CURRENT)
    version = secret.versions.get(version_id) if version_id else holder_of(secret, stage)
    if version is None or "secret_string" not in version and "secret_binary" not in version:
        what = f"VersionId: {version_id}" if version_id else f"staging label: {stage}"
        raise ResourceNotFoundException(f"Secrets Manager can't find the specified secret value for {what}")
    if stage is not None and stage not in version["version_stages"]:
        raise InvalidRequestException("You provided a VersionStage that is not associated to the provided VersionId.")
    value = {name: version[key] for name, key in VALUES.items() if key in version}
    return {
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": version["version_id"],
        "VersionStages": list(version["version_stages"]),
        "CreatedDate": version["createdate"],
        **value,
    }


VALUES = {"SecretString": "secret_string", "SecretBinary": "secret_binary"}


def put_secret_value(backend, secret_id, secret_string, secret_binary, client_request_token, version_stages):
    secret = find(backend, secret_id)
    version_id = backend._from_client_request_token(client_request_token)
    given = {"secret_string": secret_string, "secret_binary": secret_binary}
    value = {key: text for key, text in given.items() if text is not None}
    if sum(len(text.encode()) for text in value.values()) > VALUE_MAX_BYTES:
        raise InvalidParameterException("The value is longer than 65536 bytes")
    is_first = holder_of(secret, CURRENT) is None and not secret.versions
    version = secret.versions.get(version_id) or begin(secret, version_id)
    present = {key: version[key] for key in value if key in version}
    if present and present != value:
        raise ResourceExistsException(f"You can't use ClientRequestToken {version_id}: it is in use for another value")
    version.update(value)
    for stage in [*version_stages, *([CURRENT] if is_first else [])]:
        label(secret, stage, version)
    secret.last_changed_date = int(time.time())
    stages = list(version["version_stages"])
    return json.dumps({"ARN": secret.arn, "Name": secret.name, "VersionId": version_id, "VersionStages": stages})


def update_secret_version_stage(backend, secret_id, version_stage, remove_from_version_id, move_to_version_id):
    secret = find(backend, secret_id)
    holder = holder_of(secret, version_stage)
    holder_id = holder and holder["version_id"]
    if remove_from_version_id and remove_from_version_id != holder_id:
        raise InvalidParameterException(
            f"The staging label {version_stage} is not attached to version {remove_from_version_id}"
        )
    if move_to_version_id:
        if move_to_version_id not in secret.versions:
            raise ResourceNotFoundException(f"There is no version {move_to_version_id}")
        if holder_id not in (None, remove_from_version_id, move_to_version_id):
            raise InvalidParameterException(
                f"The parameter RemoveFromVersionId can't be empty. Staging label {version_stage} is currently attached "
                f"to version {holder_id}, so you must explicitly reference that version in RemoveFromVersionId."
            )
        label(secret, version_stage, secret.versions[move_to_version_id])
    elif version_stage == CURRENT:
        raise InvalidParameterException("AWSCURRENT can be moved, not removed")
    elif holder is not None:
        holder["version_stages"].remove(version_stage)
    return secret.arn, secret.name
