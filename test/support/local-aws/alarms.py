"""Alarms, evaluated whenever somebody looks at them, and their actions. CloudWatch User Guide, "Using Amazon CloudWatch
alarms"; API Reference, PutMetricAlarm and PutCompositeAlarm.

A metric alarm counts the breaching ones of its last periods, the one that runs included. An alarm that enters ALARM calls
what its actions name: a topic, if its policy lets CloudWatch publish, or a function, if its policy lets CloudWatch invoke.
A composite alarm is silent while its suppressor is in ALARM; it does not wait for the suppressor, as the service does.
"""

import json
import time
import traceback
from datetime import datetime, timezone

from moto.awslambda.models import lambda_backends
from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult
from moto.sns.models import sns_backends

import expressions
from functions import invoke_later
from metric_points import points_of
from policy_documents import is_allowed

OPERATORS = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}

LOOKS = (
    "describe_alarms",
    "get_alarms_by_action_prefix",
    "get_alarms_by_alarm_name_prefix",
    "get_alarms_by_alarm_names",
    "get_alarms_by_state_value",
)


def install():
    for name in LOOKS:
        setattr(CloudWatchBackend, name, evaluated_before(getattr(CloudWatchBackend, name)))
    CloudWatchResponse.describe_alarm_history = describe_alarm_history


def evaluated_before(look):
    def looked(self, *given, **named):
        evaluate_all(self)
        return look(self, *given, **named)

    return looked


def evaluate_all(backend):
    """Metric alarms first; composite ones by their states, until none changes any more."""
    alarms = [alarm for alarm in backend.alarms.values() if hasattr(alarm, "properties")]
    now = time.time()
    entered = []
    for alarm in alarms:
        if alarm.rule is None:
            change(alarm, metric_state(backend, alarm, now), entered)
    changed = True
    while changed:
        states = {key: alarm.state_value for alarm in alarms for key in (alarm.name, alarm.alarm_arn)}
        composites = [alarm for alarm in alarms if alarm.rule is not None]
        changed = any([change(alarm, expressions.rule_state(alarm.rule, states), entered) for alarm in composites])
    for alarm in entered:
        act(backend, alarm, alarms)


def change(alarm, state, entered):
    if state is None or state == alarm.state_value:
        return False
    alarm.update_state("evaluated by the local AWS", "{}", state)
    if state == "ALARM":
        entered.append(alarm)
    return True


def metric_state(backend, alarm, now):
    """None: it stays what it is."""
    properties = alarm.properties
    values = points_of(backend, properties, alarm.evaluation_periods, now)
    present = [value for value in values if value is not None]
    breaching = sum(OPERATORS[alarm.comparison_operator](value, alarm.threshold) for value in present)
    missing = len(values) - len(present)
    treated = alarm.treat_missing_data
    if treated == "breaching":
        breaching += missing
    if breaching >= int(alarm.datapoints_to_alarm or alarm.evaluation_periods):
        return "ALARM"
    if not present and treated in ("missing", "ignore"):
        return "INSUFFICIENT_DATA" if treated == "missing" else None
    return "OK"


def act(backend, alarm, alarms):
    suppressor = alarm.properties.get("ActionsSuppressor")
    if any(other.state_value == "ALARM" for other in alarms if suppressor in (other.name, other.alarm_arn)):
        return
    for action in alarm.alarm_actions:
        try:
            {"sns": publish, "lambda": call}[action.split(":")[2]](backend, alarm, action)
            alarm.actions_taken.append(f"Successfully executed action {action}")
        except Exception as error:
            traceback.print_exc()
            alarm.actions_taken.append(f"Failed to execute action {action}. {error}")


def describe_alarm_history(response):
    """Of the history of one alarm its actions; moto has no such action."""
    backend = response.cloudwatch_backend
    name = response._get_param("AlarmName")
    evaluate_all(backend)
    items = [
        {"AlarmName": name, "HistoryItemType": "Action", "HistorySummary": summary}
        for summary in backend.alarms[name].actions_taken
    ]
    return ActionResult({"AlarmHistoryItems": items})


def publish(backend, alarm, topic_arn):
    topics = sns_backends[backend.account_id][backend.region_name]
    topic = topics.get_topic(topic_arn)
    request = {
        "action": "sns:Publish",
        "resource": topic_arn,
        "principal": "cloudwatch.amazonaws.com",
        "keys": {"aws:SourceArn": alarm.alarm_arn, "aws:SourceAccount": backend.account_id},
    }
    if not is_allowed([topic.policy], request):
        raise PermissionError(f"{topic_arn} does not let {alarm.alarm_arn} publish")
    told = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AlarmArn": alarm.alarm_arn,
        "NewStateValue": alarm.state_value,
        "StateChangeTime": datetime.now(timezone.utc).isoformat(),
    }
    topics.publish(message=json.dumps(told), arn=topic_arn, subject=f'ALARM: "{alarm.name}"'[:100])


def call(backend, alarm, function_arn):
    function = lambda_backends[backend.account_id][backend.region_name].get_function(function_arn)
    # As in "Invoke a Lambda function from an alarm".
    event = {
        "source": "aws.cloudwatch",
        "alarmArn": alarm.alarm_arn,
        "accountId": backend.account_id,
        "region": backend.region_name,
        "time": datetime.now(timezone.utc).isoformat(),
        "alarmData": {"alarmName": alarm.name, "state": {"value": alarm.state_value}},
    }
    invoke_later(function, event, by="lambda.alarms.cloudwatch.amazonaws.com", source=alarm.alarm_arn)
