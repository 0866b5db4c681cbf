"""CloudFormation's models of alarms. The properties of the template stay beside moto's record: alarms.py goes by them.
"""

from moto.cloudwatch.models import cloudwatch_backends

from stack.resource import Resource, backend_of


class Alarm(Resource):
    """Its own record beside moto's keeps what the evaluation needs: alarms.py."""

    TYPE, NAME_PROPERTY = "AWS::CloudWatch::Alarm", "AlarmName"

    def update(self, properties):
        backend = backend_of(cloudwatch_backends, self)
        alarm = backend.put_metric_alarm(
            name=self.physical_id,
            namespace=properties.get("Namespace"),
            metric_name=properties.get("MetricName"),
            comparison_operator=properties.get("ComparisonOperator"),
            evaluation_periods=int(properties.get("EvaluationPeriods", 1)),
            datapoints_to_alarm=properties.get("DatapointsToAlarm"),
            period=int(properties.get("Period", 60)),
            threshold=float(properties.get("Threshold", 0)),
            statistic=properties.get("Statistic"),
            description=properties.get("AlarmDescription", ""),
            dimensions=properties.get("Dimensions", []),
            alarm_actions=properties.get("AlarmActions", []),
            ok_actions=properties.get("OKActions", []),
            unit=properties.get("Unit"),
            treat_missing_data=properties.get("TreatMissingData", "missing"),
            rule=properties.get("AlarmRule"),
        )
        alarm.properties, alarm.actions_taken = properties, []
        alarm.update_state("Unchecked: Initial alarm creation", "{}", "INSUFFICIENT_DATA")
        self.attributes = {"Arn": alarm.alarm_arn}

    def remove(self):
        backend_of(cloudwatch_backends, self).delete_alarms([self.physical_id])


class CompositeAlarm(Alarm):
    TYPE = "AWS::CloudWatch::CompositeAlarm"
