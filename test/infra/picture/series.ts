/**
 * What CloudWatch would draw for one row of a graph: the lines that a metric or a search finds in the data, added up in
 * periods by its statistic.
 */

import { type Datum, dataOf } from '../every-event.ts'
import type { Moment } from './example-week.ts'

export interface Series {
  readonly label: string
  readonly points: readonly { readonly at: number; readonly value: number }[]
}

export type TimedDatum = Datum & { readonly at: number }

/** CloudWatch's own choice for a week. */
const PERIOD_MS = 3_600_000

export function timedData(moments: readonly Moment[], service: string): TimedDatum[] {
  return moments.flatMap(({ at, event }) => dataOf([event], service).map((datum) => ({ ...datum, at })))
}

/** @param row of the `metrics` of a graph */
export function seriesOf(row: readonly unknown[], data: readonly TimedDatum[]): Series[] {
  const options = row.at(-1) as { readonly expression?: string; readonly label: string; readonly stat?: string }
  if (options.expression === undefined) {
    const [, name, dimension, value] = row
    const own = data.filter(({ metric, dimensions }) => {
      return metric === name && JSON.stringify(dimensions) === JSON.stringify({ [String(dimension)]: value })
    })
    return [{ label: options.label, points: pointsOf(own, options.stat ?? 'Average') }]
  }
  const [, name, stat = ''] = /MetricName="(\w+)".*', '(\w+)'/.exec(options.expression) ?? []
  const own = data.filter(({ metric, dimensions }) => metric === name && 'host' in dimensions)
  const hosts = [...new Set(own.map(({ dimensions }) => dimensions['host'] ?? ''))].sort()
  return hosts.map((host) => ({
    label: options.label.replace(/\$\{PROP\('Dim\.host'\)\}/, host),
    points: pointsOf(
      own.filter(({ dimensions }) => dimensions['host'] === host),
      stat,
    ),
  }))
}

function pointsOf(data: readonly TimedDatum[], stat: string): Series['points'] {
  const periods = Map.groupBy(data, ({ at }) => Math.floor(at / PERIOD_MS) * PERIOD_MS)
  return [...periods].map(([at, inside]) => ({
    at,
    value: statisticOf(
      stat,
      inside.map(({ value }) => value),
    ),
  }))
}

function statisticOf(stat: string, values: readonly number[]): number {
  if (stat === 'Maximum') return Math.max(...values)
  if (stat === 'Minimum') return Math.min(...values)
  return values.reduce((sum, value) => sum + value, 0)
}
