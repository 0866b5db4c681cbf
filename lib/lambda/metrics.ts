/**
 * Turns guard events into CloudWatch metrics: one Embedded Metric Format line per event, on stdout, at that moment.
 *
 * The format is one JSON object (CloudWatch User Guide, "Specification: Embedded metric format"); a test holds it against
 * what Powertools' `Metrics` makes of the same event. Powertools itself is not loaded: on Managed Instances it throws until
 * Lambda's runtime is there, and the preload is there before; loading it takes as long as all of this package; and its
 * switches (`POWERTOOLS_DEV`, `POWERTOOLS_METRICS_DISABLED`) are those of business metrics, which must not switch off an
 * alarm. Ours is the option `metrics: false`. A `Metrics` that the user passes as
 * `sink` prints by itself, under its own namespace, default dimensions and switches.
 *
 * Time: an event is described, printed and forgotten within one synchronous call, and nothing is kept between two. So
 * concurrent invocations of one process share an observer safely, and a handler that times out or crashes later loses
 * nothing.
 */

import type { GuardEvent, MetricName, MetricUnit, Observer } from '../events.ts'
import { METRIC_DIMENSIONS, METRIC_NAMESPACE, METRIC_UNITS } from '../events.ts'
import { propertiesOf } from './metrics-properties.ts'

export interface MetricsOptions {
  /** CloudWatch namespace. Unset: `PinnedFetch`. */
  readonly namespace?: string
  /** Value of the dimension `service`. Unset: `POWERTOOLS_SERVICE_NAME`, then the function's name. */
  readonly service?: string
  /** Takes the metrics instead of stdout, and then rules namespace and service. Powertools' `Metrics` fits. */
  readonly sink?: MetricsSink
}

/** What is needed of Powertools' `Metrics`. */
export interface MetricsSink {
  /** An entry with dimensions and metadata of its own, printed by its first `addMetric`. */
  singleMetric(): MetricsEntry
}

export interface MetricsEntry {
  /** Adds one dimension set: the entry's default dimensions and these. */
  addDimensions(dimensions: Record<string, string>): unknown
  /** Powertools types the value as a string, and prints whatever JSON can hold. */
  addMetadata(key: string, value: unknown): unknown
  addMetric(name: string, unit: MetricUnit, value: number): unknown
}

type Measurement = readonly [name: MetricName, value: number]

/** CloudWatch drops a datum with a longer dimension value (API_Dimension). */
const DIMENSION_VALUE_MAX = 1024

/**
 * Makes the observer that writes the metrics of every event. A `warning` becomes a plain JSON log line,
 * `connection-accepted` nothing.
 */
export function metricsObserver(options: MetricsOptions): Observer {
  const service = dimensionValue(options.service || defaultService())
  const namespace = options.namespace || METRIC_NAMESPACE
  const record = options.sink ? sinkRecorder(options.sink) : lineRecorder(namespace, service)
  return (event) => (event.type === 'warning' ? print({ ...propertiesOf(event), service }) : record(event))
}

/** All metrics of an event in one line. */
function lineRecorder(namespace: string, service: string): Observer {
  return (event) => {
    const measurements = measurementsOf(event)
    if (measurements.length === 0) return
    const dimensions = { [METRIC_DIMENSIONS.service]: service, ...hostDimension(event) }
    const names = Object.keys(dimensions)
    print({
      _aws: {
        Timestamp: Date.now(),
        CloudWatchMetrics: [
          {
            Namespace: namespace,
            // CloudWatch never adds up dimensions by itself: each metric is for the service, and for service and host.
            Dimensions: names.map((_, index) => names.slice(0, index + 1)),
            Metrics: measurements.map(([Name]) => ({ Name, Unit: METRIC_UNITS[Name] })),
          },
        ],
      },
      ...propertiesOf(event),
      ...dimensions,
      ...Object.fromEntries(measurements),
    })
  }
}

/** One line per metric: that is how the sink's `singleMetric` prints. */
function sinkRecorder(sink: MetricsSink): Observer {
  return (event) => {
    for (const [name, value] of measurementsOf(event)) {
      const entry = sink.singleMetric()
      describe(entry, event)
      const written = entry.addMetric(name, METRIC_UNITS[name], value)
      // A sink may write later, and fail later.
      if (written instanceof Promise) written.catch(() => undefined)
    }
  }
}

/** Not by the console: Lambda's runtime patches it and wraps each line in JSON log mode, where no metric is found. */
function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** With the sink's own dimensions, and with these and the host. */
function describe(entry: MetricsEntry, event: GuardEvent): void {
  const host = hostDimension(event)
  entry.addDimensions({})
  if (host !== undefined) entry.addDimensions(host)
  for (const [key, value] of Object.entries(propertiesOf(event))) entry.addMetadata(key, value)
}

/** The policy's pattern, so that no attacker and no loop can create dimensions. */
function hostDimension(event: GuardEvent): Record<string, string> | undefined {
  const pattern = 'pattern' in event ? event.pattern : undefined
  return pattern ? { [METRIC_DIMENSIONS.host]: dimensionValue(pattern) } : undefined
}

function measurementsOf(event: GuardEvent): readonly Measurement[] {
  switch (event.type) {
    case 'pin-failure':
      return [['PinFailure', 1]]
    case 'pin-report':
      return [['PinReportOnlyFailure', 1]]
    case 'host-refused':
      return [['HostRefused', 1]]
    case 'tls-failure':
      return [['TlsFailure', 1]]
    case 'backup-pin-matched':
      return [['BackupPinMatched', 1]]
    case 'policy-refreshed':
      return [['PolicyRefresh', 1], ...measured('PolicyAge', event.ageSeconds)]
    case 'policy-refresh-failed':
      return [['PolicyRefreshFailure', 1], ...measured('PolicyAge', event.ageSeconds)]
    case 'expiry-observed':
      return [
        ...measured('DaysToPinExpiry', event.daysToPinExpiry),
        ...measured('DaysToCertificateExpiry', event.daysToCertificateExpiry),
      ]
    case 'host-probed':
      return probeMeasurements(event)
    case 'rotation-ended':
      return [[event.outcome === 'promoted' ? 'RotationPromoted' : 'RotationRefused', 1]]
    case 'connection-accepted':
    case 'warning':
      return []
  }
}

/**
 * Zeros as well: a dashboard then shows that the probe looked, and an alarm that it stopped. A host in mode `report` refuses
 * no call, so during a trial it neither pages nor speaks against the others.
 */
function probeMeasurements(event: Extract<GuardEvent, { type: 'host-probed' }>): Measurement[] {
  return [
    ['ProbeRefused', event.state === 'refused' ? 1 : 0],
    ['ProbeUnreachable', event.state === 'unreachable' ? 1 : 0],
    ['PinDrift', event.isDrifted ? 1 : 0],
    ...measured('UnseenPins', event.unseenPins),
    ...measured('DaysToPinExpiry', event.daysToPinExpiry),
    ...measured('DaysToCertificateExpiry', event.daysToCertificateExpiry),
    ...measured('DaysToEntryExpiry', event.daysToEntryExpiry),
  ]
}

/** Nothing for a value that is unknown or that CloudWatch can't store (a pin that never expires). */
function measured(name: MetricName, value: number | undefined): Measurement[] {
  return value !== undefined && Number.isFinite(value) ? [[name, value]] : []
}

/** Powertools' name for a service that nobody named. */
function defaultService(): string {
  return process.env['POWERTOOLS_SERVICE_NAME'] || process.env['AWS_LAMBDA_FUNCTION_NAME'] || 'service_undefined'
}

/** A dimension value is 1 to 1024 printable ASCII characters, not blank, and starts with no colon (API_Dimension). */
function dimensionValue(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]/g, '?').trim() || 'undefined'
  return (printable.startsWith(':') ? `[${printable}]` : printable).slice(0, DIMENSION_VALUE_MAX)
}
