/**
 * One line of the function's output that CloudWatch would make metrics of (Embedded Metric Format).
 */

import { METRIC_DIMENSIONS, METRIC_NAMESPACE, type MetricName } from '../../../lib/events.ts'

export type MetricLine = Readonly<Record<string, unknown>> & {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string
      readonly Dimensions: readonly (readonly string[])[]
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[]
    }[]
  }
}

/** The line, when CloudWatch would graph this metric of it for the service as a whole, as the alarms watch it. */
export function metricLine(text: string, name: MetricName): MetricLine | undefined {
  const line = parsed(text)
  const directive = line?._aws?.CloudWatchMetrics?.[0]
  if (line === undefined || directive?.Namespace !== METRIC_NAMESPACE) return undefined
  const isNamed = directive.Metrics.some(({ Name }) => Name === name) && typeof line[name] === 'number'
  const isForService = directive.Dimensions.some((set) => set.join() === METRIC_DIMENSIONS.service)
  return isNamed && isForService ? line : undefined
}

/** `PinFailure = 1 Count   PinnedFetch {service=Example, host=localhost}` */
export function describeMetric(line: MetricLine, name: MetricName): string {
  const directive = line._aws.CloudWatchMetrics[0]
  const unit = directive?.Metrics.find(({ Name }) => Name === name)?.Unit
  const widest = [...(directive?.Dimensions ?? [])].sort((left, right) => right.length - left.length)[0] ?? []
  const dimensions = widest.map((dimension) => `${dimension}=${line[dimension]}`).join(', ')
  return `${name} = ${line[name]} ${unit}   ${directive?.Namespace} {${dimensions}}`
}

function parsed(text: string): MetricLine | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
