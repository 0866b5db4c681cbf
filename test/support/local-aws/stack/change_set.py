"""CloudFormation as `cdk` needs it, beyond moto: outputs of a stack that a change set made, a failure that is told and
not a server error, and the resource types that moto lacks.
"""

import re
import traceback

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack

from stack.alarm import Alarm, CompositeAlarm
from stack.function import EventInvokeConfig, Function, Permission
from stack.key import Key
from stack.resource_policy import BucketPolicy, Metadata, QueuePolicy, TopicPolicy
from stack.secret import RotationSchedule, Secret, SecretPolicy

TYPES = (
    Alarm,
    BucketPolicy,
    CompositeAlarm,
    EventInvokeConfig,
    Function,
    Key,
    Metadata,
    Permission,
    QueuePolicy,
    RotationSchedule,
    Secret,
    SecretPolicy,
    TopicPolicy,
)


def install():
    for model in TYPES:
        parsing.get_model_map()[model.TYPE] = model
        parsing.get_name_type_map()[model.TYPE] = model.NAME_PROPERTY
    parsing.resource_class_from_type = known_class_of(parsing.resource_class_from_type)
    parsing.ResourceMap.build_resource_diff = in_order(parsing.ResourceMap.build_resource_diff)
    parsing.ResourceMap.delete = delete
    CloudFormationBackend.execute_change_set = executed(CloudFormationBackend.execute_change_set)
    CloudFormationBackend.describe_change_set = found(CloudFormationBackend.describe_change_set)
    CloudFormationBackend.delete_change_set = delete_change_set
    Stack.stack_parameters = property(previous_values)


def known_class_of(class_of):
    """moto would skip such a resource with a warning, and the stack would only look deployed."""

    def class_of_known(resource_type):
        model = class_of(resource_type)
        if model is None:
            raise NotImplementedError(f"The local AWS has no model for {resource_type}")
        return model

    return class_of_known


def in_order(build_resource_diff):
    """moto makes resources in the order of the template, and does not read DependsOn. What it has made without properties
    it takes for changed ever after.
    """

    def ordered(self, other_template, parameters=None):
        old, new = self._resource_json_map, other_template["Resources"]
        names = build_resource_diff(self, other_template, parameters)
        unchanged = {name for name in names["Modify"] if old[name] == {"Properties": {}, **new[name]} != new[name]}
        return {
            **names,
            "Add": [name for name in creation_order(new) if name in names["Add"]],
            "Modify": [name for name in names["Modify"] if name not in unchanged],
        }

    return ordered


def delete(self):
    """The last first, so that a custom resource is asked while its function is there."""
    for name in reversed(creation_order(self._resource_json_map)):
        declared = self._resource_json_map[name]
        if not declared.get("DeletionPolicy", "Delete").startswith("Retain") and name in self._parsed_resources:
            self._delete_resource(self._parsed_resources.pop(name), declared)


def creation_order(resources):
    ordered = {}

    def visit(name):
        if name in resources and name not in ordered:
            for other in sorted(set(dependencies_of(resources[name])) - {name}):
                visit(other)
            ordered[name] = True

    for name in resources:
        visit(name)
    return list(ordered)


def dependencies_of(value):
    """Whatever a resource names: DependsOn, Ref, Fn::GetAtt, and the places of Fn::Sub."""
    if isinstance(value, list):
        for one in value:
            yield from dependencies_of(one)
    if not isinstance(value, dict):
        return
    for key, one in value.items():
        if key in ("DependsOn", "Ref", "Fn::GetAtt"):
            yield from [one] if isinstance(one, str) else one
        elif key == "Fn::Sub":
            text = one if isinstance(one, str) else one[0]
            yield from re.findall(r"\$\{([A-Za-z0-9]+)", text)
        yield from dependencies_of(one)


def executed(execute):
    """Tells a failure as the state of the stack, and the outputs of what was made. An executed change set is gone."""

    def execute_change_set(self, change_set_name, stack_name=None):
        change_set = self.describe_change_set(change_set_name)
        stack = self.stacks[change_set.stack_id]
        try:
            execute(self, change_set_name, stack_name)
        except Exception as error:  # Whatever it is, the stack has failed.
            traceback.print_exc()
            ended = "ROLLBACK_COMPLETE" if change_set.change_set_type == "CREATE" else "UPDATE_ROLLBACK_COMPLETE"
            stack._add_stack_event(ended, resource_status_reason=f"{type(error).__name__}: {error}")
            stack.status = ended
            return
        finally:
            self.change_sets.pop(change_set.change_set_id, None)
        stack._parse_template()
        stack.output_map = parsing.OutputMap(stack.resource_map, stack.template_dict, stack.stack_id)

    return execute_change_set


class ChangeSetNotFound(CloudFormationError):
    code = "ChangeSetNotFound"


def found(describe):
    """By the service's own error, for which `cdk` waits after it has deleted one."""

    def described(self, change_set_name):
        try:
            return describe(self, change_set_name)
        except ValidationError:
            raise ChangeSetNotFound(f"ChangeSet [{change_set_name}] does not exist") from None

    return described


def delete_change_set(self, change_set_name):
    """Also where there is none, as the service."""
    for key, change_set in list(self.change_sets.items()):
        if change_set_name in (key, change_set.change_set_name):
            del self.change_sets[key]


def previous_values(stack):
    """As they were given. moto gives what they stand for: of a parameter in SSM its value, in the place of its name."""
    declared = stack.template_dict.get("Parameters", {})
    return {**{name: one.get("Default") for name, one in declared.items()}, **stack.parameters}
