/**
 * The guard's metrics as CloudWatch objects: for alarms, for the dashboard, and for whoever asks the construct for one.
 *
 * Names, units, namespace and dimensions come from lib/events.ts, so a renamed metric can't leave an alarm behind that
 * waits for the old name. Only the statistic is decided here: CloudWatch stores no hint which one makes sense.
 */

import { Token } from 'aws-cdk-lib'
import { MathExpression, Metric, type MetricOptions, Stats, Unit } from 'aws-cdk-lib/aws-cloudwatch'
import { METRIC_DIMENSIONS, METRIC_NAMESPACE, METRICS, type MetricName, type MetricUnit } from '../lib/events.ts'

const UNITS: Readonly<Record<MetricUnit, Unit>> = { Count: Unit.COUNT, Seconds: Unit.SECONDS }

/** Events are added up. Of days and backups the host that has least counts; of a state and an age the worst does. */
const STATISTICS = {
  PinFailure: Stats.SUM,
  PinReportOnlyFailure: Stats.SUM,
  HostRefused: Stats.SUM,
  TlsFailure: Stats.SUM,
  BackupPinMatched: Stats.SUM,
  PolicyRefresh: Stats.SUM,
  PolicyRefreshFailure: Stats.SUM,
  PolicyAge: Stats.MAXIMUM,
  DaysToPinExpiry: Stats.MINIMUM,
  DaysToCertificateExpiry: Stats.MINIMUM,
  DaysToEntryExpiry: Stats.MINIMUM,
  ProbeRefused: Stats.MAXIMUM,
  ProbeUnreachable: Stats.MAXIMUM,
  PinDrift: Stats.MAXIMUM,
  UnseenPins: Stats.MINIMUM,
  RotationPromoted: Stats.SUM,
  RotationRefused: Stats.SUM,
} as const satisfies Record<MetricName, string>

/** A search of more characters is refused (CloudWatch, "search expression limits"). */
const SEARCH_MAX_CHARACTERS = 1024

/** The metric over all hosts of a service. Statistic, period, label and the like can be overridden by `options`. */
export function guardMetric(name: MetricName, service: string, options: MetricOptions = {}): Metric {
  return metricOf(name, { [METRIC_DIMENSIONS.service]: service }, options)
}

/**
 * The metric of one host of a service.
 *
 * @param pattern as the policy spells it, such as `*.partner.example`: that is the dimension's value
 */
export function guardHostMetric(
  name: MetricName,
  service: string,
  pattern: string,
  options: MetricOptions = {},
): Metric {
  return metricOf(name, { [METRIC_DIMENSIONS.service]: service, [METRIC_DIMENSIONS.host]: pattern }, options)
}

/**
 * One line for each host that has the metric, found when the graph is drawn: the policy's patterns change without a
 * deployment. For graphs only: CloudWatch refuses an alarm on a search. It finds metrics that got a datum within the
 * last two weeks, and shows at most 100 lines on a graph of at most five searches.
 */
export function guardHostSearch(name: MetricName, service: string, label = ''): MathExpression {
  // What ends the quoted word would go on as an expression.
  if (!Token.isUnresolved(service) && /["'\\]/.test(service)) {
    throw new Error(`The service ${JSON.stringify(service)} can't be searched for: leave out quotes and backslashes`)
  }
  const schema = [METRIC_NAMESPACE, METRIC_DIMENSIONS.service, METRIC_DIMENSIONS.host].join(',')
  const terms = `MetricName="${name}" ${METRIC_DIMENSIONS.service}="${service}"`
  const expression = `SEARCH('{${schema}} ${terms}', '${STATISTICS[name]}')`
  if (expression.length > SEARCH_MAX_CHARACTERS) throw new Error(`The name of service "${service}" is too long`)
  // A label of each line, by CloudWatch: the value of the dimension.
  return new MathExpression({ expression, label: `${label}\${PROP('Dim.${METRIC_DIMENSIONS.host}')}` })
}

function metricOf(name: MetricName, dimensionsMap: Record<string, string>, options: MetricOptions): Metric {
  const defaults = { statistic: STATISTICS[name], unit: UNITS[METRICS[name].unit] }
  return new Metric({ ...defaults, ...options, namespace: METRIC_NAMESPACE, metricName: name, dimensionsMap })
}
