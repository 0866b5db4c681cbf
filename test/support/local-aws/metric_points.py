"""What an alarm sees of its metrics: one value for each of its periods, or none. Dimensions must be exactly those of the
metric, as CloudWatch adds nothing up over them.
"""

from datetime import timezone

import expressions
from embedded_metrics import dimensions_of

STATISTICS = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Average": lambda values: sum(values) / len(values),
}


def points_of(backend, properties, count, now):
    """Newest first. Periods begin at whole multiples of their length."""
    queries = properties.get("Metrics")
    if queries is None:
        return statistics_of(backend, properties, int(properties["Period"]), properties["Statistic"], count, now)
    period = max(int(query["MetricStat"]["Period"]) for query in queries if "MetricStat" in query)
    series = {
        query["Id"]: statistics_of(backend, query["MetricStat"]["Metric"], period, query["MetricStat"]["Stat"], count, now)
        for query in queries
        if "MetricStat" in query
    }
    [expression] = [query["Expression"] for query in queries if query.get("ReturnData", True)]
    rows = [{name: values[index] for name, values in series.items()} for index in range(count)]
    return [expressions.value_of(expression, row) for row in rows]


def statistics_of(backend, metric, period, statistic, count, now):
    wanted = {(one["Name"], one["Value"]) for one in metric.get("Dimensions", [])}
    newest = int(now // period)
    found = {}
    for datum in backend.metric_data:
        named = (datum.namespace, datum.name, datum.unit)
        if named == (metric["Namespace"], metric["MetricName"], metric.get("Unit", datum.unit)):
            if dimensions_of(datum) == wanted:
                moment = datum.timestamp.replace(tzinfo=timezone.utc).timestamp()
                found.setdefault(int(moment // period), []).append(datum.value)
    periods = [found.get(newest - index) for index in range(count)]
    return [None if values is None else STATISTICS[statistic](values) for values in periods]
