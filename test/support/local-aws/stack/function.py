"""CloudFormation's models of a function, who may invoke it, and where its failures go.
"""

from moto.awslambda.models import LambdaFunction, lambda_backends

import functions
from stack.resource import Resource, backend_of


class Function(Resource):
    """moto's own function, with the log that its template names."""

    TYPE, NAME_PROPERTY = "AWS::Lambda::Function", "FunctionName"

    @classmethod
    def create(cls, place, name, properties):
        unknown = {"Layers", "VpcConfig"} & set(properties)
        if unknown:
            raise NotImplementedError(f"functions with {sorted(unknown)}")
        function = LambdaFunction.create_from_cloudformation_json(name, {"Properties": properties}, *place)
        function.logging = properties.get("LoggingConfig", {})
        resource = cls(place, name, {"Arn": function.function_arn})
        resource.function = function
        return resource

    def update(self, properties):
        self.function.update_configuration(properties)
        self.function.update_function_code(dict(properties["Code"]))
        self.function.logging = properties.get("LoggingConfig", {})

    def remove(self):
        functions.stop(self.function.function_arn)
        backend_of(lambda_backends, self).delete_function(self.physical_id)


class Permission(Resource):
    TYPE = "AWS::Lambda::Permission"

    def update(self, properties):
        self.function = backend_of(lambda_backends, self).get_function(properties["FunctionName"])
        self.remove()
        conditions = {"ArnLike": {"aws:SourceArn": "SourceArn"}, "StringEquals": {"aws:SourceAccount": "SourceAccount"}}
        self.function.policy.statements.append(
            {
                "Sid": self.physical_id,
                "Effect": "Allow",
                "Principal": {"Service": properties["Principal"]},
                "Action": properties["Action"],
                "Resource": self.function.function_arn,
                "Condition": {
                    operator: {key: properties[name] for key, name in keys.items()}
                    for operator, keys in conditions.items()
                    if all(name in properties for name in keys.values())
                },
            }
        )

    def remove(self):
        policy = self.function.policy
        policy.statements = [one for one in policy.statements if one["Sid"] != self.physical_id]


class EventInvokeConfig(Resource):
    TYPE = "AWS::Lambda::EventInvokeConfig"

    def update(self, properties):
        self.function = backend_of(lambda_backends, self).get_function(properties["FunctionName"])
        destinations = properties.get("DestinationConfig", {})
        self.function.failure_destination = destinations.get("OnFailure", {}).get("Destination")

    def remove(self):
        self.function.failure_destination = None
