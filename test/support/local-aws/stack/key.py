"""CloudFormation's model of a key. moto's own keeps the policy in a form that its API can't read, and knows no update."""

import json

from moto.kms.models import kms_backends

from stack.resource import Resource, backend_of

DELETION_DAYS = 30


class Key(Resource):
    TYPE = "AWS::KMS::Key"

    @classmethod
    def create(cls, place, name, properties):
        policy = json.dumps(properties["KeyPolicy"])
        key = kms_backends[place[0]][place[1]].create_key(
            policy, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", properties.get("Description"), properties.get("Tags", [])
        )
        resource = cls(place, key.id, {"Arn": key.arn, "KeyId": key.id})
        resource.update(properties)
        return resource

    def update(self, properties):
        key = backend_of(kms_backends, self).keys[self.physical_id]
        key.policy = json.dumps(properties["KeyPolicy"])
        key.description = properties.get("Description", "")
        key.key_rotation_status = properties.get("EnableKeyRotation", False)

    def remove(self):
        backend_of(kms_backends, self).schedule_key_deletion(self.physical_id, DELETION_DAYS)
