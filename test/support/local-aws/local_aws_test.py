"""What of the local AWS decides whether a test passes: policies, labels of versions, alarms. It must not be too kind."""

import json
import os
import time
import unittest
from types import SimpleNamespace

os.environ.setdefault("LOCAL_AWS_RUNTIME_CLIENT", "none")

from moto.secretsmanager.exceptions import InvalidParameterException  # noqa: E402
from moto.secretsmanager.models import SecretsManagerBackend  # noqa: E402

import alarms  # noqa: E402
import expressions  # noqa: E402
import secret_versions  # noqa: E402
from policy_documents import is_allowed, is_denied  # noqa: E402
from stack.change_set import creation_order  # noqa: E402

SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:pins-AbCdEf"
READ = "secretsmanager:GetSecretValue"


def request(**more):
    return {"action": READ, "resource": SECRET, "keys": {}, "principal": "arn:aws:iam::123456789012:role/r", **more}


def statement(**more):
    return [{"Statement": [{"Effect": "Allow", "Action": READ, "Resource": SECRET, **more}]}]


class Policies(unittest.TestCase):
    def test_action_and_resource_must_fit(self):
        self.assertTrue(is_allowed(statement(), request()))
        self.assertTrue(is_allowed(statement(Action="secretsmanager:Get*"), request()))
        self.assertFalse(is_allowed(statement(Action="secretsmanager:PutSecretValue"), request()))
        self.assertFalse(is_allowed(statement(Resource=SECRET[:-1]), request()))
        self.assertFalse(is_allowed(statement(Resource=SECRET.replace("pins", "[p]ins")), request()))

    def test_a_condition_on_a_missing_key_does_not_hold(self):
        staged = statement(Condition={"ForAnyValue:StringEquals": {"secretsmanager:VersionStage": ["AWSCURRENT"]}})
        self.assertFalse(is_allowed(staged, request()))
        self.assertTrue(is_allowed(staged, request(keys={"secretsmanager:VersionStage": "AWSCURRENT"})))
        self.assertFalse(is_allowed(staged, request(keys={"secretsmanager:VersionStage": "AWSPENDING"})))

    def test_a_negated_condition_denies_everybody_who_is_not_listed(self):
        others = statement(Effect="Deny", Condition={"ArnNotEquals": {"aws:PrincipalArn": ["arn:aws:iam::1:role/a"]}})
        self.assertFalse(is_denied(others, request(keys={"aws:PrincipalArn": "arn:aws:iam::1:role/a"})))
        self.assertTrue(is_denied(others, request(keys={"aws:PrincipalArn": "arn:aws:iam::1:role/ab"})))
        self.assertTrue(is_denied(others, request()))

    def test_what_is_not_known_raises(self):
        with self.assertRaises(NotImplementedError):
            is_allowed(statement(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), request())
        with self.assertRaises(NotImplementedError):
            is_allowed(statement(NotAction="*"), request())

    def test_a_service_is_no_account(self):
        service = statement(Principal={"Service": "sns.amazonaws.com"})
        self.assertFalse(is_allowed(service, request(account="123456789012")))
        self.assertTrue(is_allowed(service, request(principal="sns.amazonaws.com")))


class Versions(unittest.TestCase):
    def setUp(self):
        self.backend = SecretsManagerBackend("us-east-1", "123456789012")
        self.backend.create_secret("pins", None, None, None, None, None, None, [], False)

    def put(self, letter, stages):
        return json.loads(secret_versions.put_secret_value(self.backend, "pins", letter, None, letter * 32, stages))

    def stages(self):
        versions = self.backend.secrets["pins"].versions
        return {name[0]: sorted(version["version_stages"]) for name, version in versions.items()}

    def test_the_first_version_becomes_current(self):
        self.assertEqual(self.put("a", ["Mine"])["VersionStages"], ["Mine", "AWSCURRENT"])
        self.assertEqual(self.put("b", ["Mine"])["VersionStages"], ["Mine"])

    def test_previous_follows_current(self):
        self.put("a", ["AWSCURRENT"])
        self.put("b", ["AWSPENDING"])
        move = ("pins", "AWSCURRENT", "a" * 32, "b" * 32)
        secret_versions.update_secret_version_stage(self.backend, *move)
        self.assertEqual(self.stages(), {"a": ["AWSPREVIOUS"], "b": ["AWSCURRENT", "AWSPENDING"]})
        with self.assertRaises(InvalidParameterException):
            secret_versions.update_secret_version_stage(self.backend, *move)


class Alarms(unittest.TestCase):
    def state(self, values, treated, wanted=1):
        alarm = SimpleNamespace(
            properties={}, evaluation_periods=len(values), datapoints_to_alarm=wanted, threshold=1,
            comparison_operator="GreaterThanOrEqualToThreshold", treat_missing_data=treated,
        )  # fmt: skip
        points, alarms.points_of = alarms.points_of, lambda *_: values
        try:
            return alarms.metric_state(None, alarm, time.time())
        finally:
            alarms.points_of = points

    def test_missing_data(self):
        self.assertEqual(self.state([None, None], "notBreaching"), "OK")
        self.assertEqual(self.state([None, None], "breaching", 2), "ALARM")
        self.assertEqual(self.state([None, None], "missing"), "INSUFFICIENT_DATA")
        self.assertEqual(self.state([None, None], "ignore"), None)
        self.assertEqual(self.state([None, 1], "ignore"), "ALARM")
        self.assertEqual(self.state([None, 1], "notBreaching", 2), "OK")

    def test_expressions(self):
        self.assertIsNone(expressions.value_of("refused + unreachable", {"refused": 1, "unreachable": None}))
        self.assertEqual(expressions.value_of("IF(failures > 0, age, 0)", {"failures": 0, "age": 9}), 0)
        states = {"a": "ALARM", "b": "OK"}
        self.assertEqual(expressions.rule_state('ALARM("a") AND NOT (ALARM("b"))', states), "ALARM")
        self.assertEqual(expressions.rule_state('(ALARM("b") OR OK("a"))', states), "OK")
        with self.assertRaises(KeyError):
            expressions.rule_state('ALARM("gone")', states)


class Order(unittest.TestCase):
    def test_what_is_needed_comes_first(self):
        resources = {
            "Custom": {"DependsOn": ["Policy"], "Properties": {"Token": {"Fn::GetAtt": ["Function", "Arn"]}}},
            "Function": {"Properties": {"Role": {"Fn::Sub": "arn:${Role.Arn}"}}},
            "Policy": {"Properties": {"Roles": [{"Ref": "Role"}]}},
            "Role": {},
        }
        self.assertEqual(creation_order(resources), ["Role", "Function", "Policy", "Custom"])


if __name__ == "__main__":
    unittest.main()
