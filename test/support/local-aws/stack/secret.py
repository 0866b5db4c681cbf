"""CloudFormation's models of a secret, its policy and its rotation.
"""

import json

from moto.secretsmanager.models import secretsmanager_backends

from stack.resource import Resource, backend_of


class Secret(Resource):
    TYPE, NAME_PROPERTY = "AWS::SecretsManager::Secret", "Name"

    @classmethod
    def create(cls, place, name, properties):
        backend = secretsmanager_backends[place[0]][place[1]]
        if "GenerateSecretString" in properties:
            raise NotImplementedError("GenerateSecretString")
        backend.create_secret(
            name=name,
            secret_string=properties.get("SecretString"),
            secret_binary=None,
            description=properties.get("Description"),
            tags=properties.get("Tags"),
            kms_key_id=properties.get("KmsKeyId"),
            client_request_token=None,
            replica_regions=properties.get("ReplicaRegions", []),
            force_overwrite=False,
        )
        return cls(place, backend.secrets[name].arn)

    def update(self, properties):
        secret = backend_of(secretsmanager_backends, self).secrets[self.physical_id]
        if "SecretString" in properties:
            raise NotImplementedError("a new value of a secret by CloudFormation")
        secret.description, secret.kms_key_id = properties.get("Description"), properties.get("KmsKeyId")

    def remove(self):
        backend_of(secretsmanager_backends, self).delete_secret(self.physical_id, None, False)


class SecretPolicy(Resource):
    TYPE = "AWS::SecretsManager::ResourcePolicy"

    def update(self, properties):
        self.secret_id = properties["SecretId"]
        policy = json.dumps(properties["ResourcePolicy"])
        backend_of(secretsmanager_backends, self).put_resource_policy(self.secret_id, policy)

    def remove(self):
        backend_of(secretsmanager_backends, self).delete_resource_policy(self.secret_id)


class RotationSchedule(Resource):
    TYPE = "AWS::SecretsManager::RotationSchedule"

    def update(self, properties):
        self.secret_id = properties["SecretId"]
        backend_of(secretsmanager_backends, self).rotate_secret(
            self.secret_id,
            rotation_lambda_arn=properties["RotationLambdaARN"],
            rotation_rules=properties.get("RotationRules"),
            rotate_immediately=properties.get("RotateImmediatelyOnUpdate", True),
        )

    def remove(self):
        backend_of(secretsmanager_backends, self).cancel_rotate_secret(self.secret_id)
