"""The Embedded Metric Format: a line of a log that CloudWatch makes metrics of. CloudWatch User Guide, "Specification:
Embedded metric format". What is no such line makes none, as there.
"""

import copy
import json

from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends


def install():
    """moto adds up over dimensions that were not asked for; CloudWatch does not."""
    get = CloudWatchBackend.get_metric_statistics

    def get_exactly(self, namespace, metric_name, start_time, end_time, period, stats, dimensions, unit=None):
        wanted = {(one["Name"], one["Value"]) for one in dimensions}
        view = copy.copy(self)
        view.metric_data = [datum for datum in self.metric_data if dimensions_of(datum) == wanted]
        return get(view, namespace, metric_name, start_time, end_time, period, stats, dimensions, unit)

    CloudWatchBackend.get_metric_statistics = get_exactly


def dimensions_of(datum):
    return {(one.name, one.value) for one in datum.dimensions}


def take(line, account_id, region):
    directives = directives_of(line)
    if directives is None:
        return
    document, wanted = directives
    backend = cloudwatch_backends[account_id][region]
    for directive in wanted:
        for names in directive.get("Dimensions", [[]]):
            dimensions = [{"Name": name, "Value": str(document[name])} for name in names]
            data = [
                {"MetricName": metric["Name"], "Unit": metric.get("Unit", "None"), "Value": value, "Dimensions": dimensions}
                for metric in directive["Metrics"]
                for value in values_of(document, metric["Name"])
            ]
            if data:
                backend.put_metric_data(directive["Namespace"], data)


def directives_of(line):
    try:
        document = json.loads(line)
        return document, document["_aws"]["CloudWatchMetrics"]
    except (ValueError, TypeError, KeyError):
        return None


def values_of(document, name):
    value = document.get(name)
    return value if isinstance(value, list) else [] if value is None else [value]
