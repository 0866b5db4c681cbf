"""One resource of a stack: what is between CloudFormation's protocol with a model in moto, and a model that says what
`create`, `update` and `remove` do with the properties of the template.

Models make the resource in moto's own backend of the service, so that the service's API knows it. They live in a package,
since moto files a model by the second part of its module's name.
"""

from moto.core.common_models import CloudFormationModel


class Resource(CloudFormationModel):
    """One resource. A model says what `create`, `update` and `remove` do with the properties of the template."""

    TYPE = ""
    # The property with the physical name, where there is one.
    NAME_PROPERTY = ""

    def __init__(self, place, physical_id, attributes=None):
        self.account_id, self.region = place
        self.physical_id = physical_id
        self.attributes = attributes or {}

    @property
    def physical_resource_id(self):
        return self.physical_id

    @classmethod
    def cloudformation_name_type(cls):
        return cls.NAME_PROPERTY

    @classmethod
    def cloudformation_type(cls):
        return cls.TYPE

    @classmethod
    def has_cfn_attr(cls, attr):
        return attr in ("Arn", "Id")

    def get_cfn_attribute(self, attribute_name):
        return self.attributes.get(attribute_name, self.physical_id)

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
        return cls.create((account_id, region_name), resource_name, cloudformation_json.get("Properties", {}))

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name
    ):
        original_resource.update(cloudformation_json.get("Properties", {}))
        return original_resource

    @classmethod
    def delete_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name):
        raise NotImplementedError("is deleted by itself")

    def delete(self, account_id, region_name):
        self.remove()

    @classmethod
    def create(cls, place, name, properties):
        resource = cls(place, name)
        resource.update(properties)
        return resource

    def update(self, properties):
        pass

    def remove(self):
        pass


def backend_of(backends, resource):
    return backends[resource.account_id][resource.region]
