/**
 * The single pictures of the dashboard. Everything by host is a search, because the policy's patterns change without a
 * deployment. What is no dimension, such as a reason, is in dashboard-logs.ts.
 */

import {
  AlarmStatusWidget,
  Color,
  GraphWidget,
  type IAlarm,
  type IMetric,
  type IWidget,
  LegendPosition,
  type Shading,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { MetricName } from '../lib/events.ts'
import { guardHostSearch, guardMetric } from './metrics.ts'

export interface GraphOptions {
  readonly title: string
  readonly metrics: readonly IMetric[]
  readonly width: number
  /** What the numbers are, on the axis. */
  readonly axis: string
  /** Where an alarm rings. */
  readonly threshold?: { readonly value: number; readonly label: string; readonly fill: Shading }
  /** Whether the lines are added up. */
  readonly isStacked?: boolean
  /** Unset: the axis begins at 0. */
  readonly canBeNegative?: boolean
}

const GRAPH_HEIGHT = 6

export function graph(options: GraphOptions): IWidget {
  const { title, metrics, width, axis, threshold, isStacked = false, canBeNegative = false } = options
  return new GraphWidget({
    title,
    left: [...metrics],
    width,
    height: GRAPH_HEIGHT,
    stacked: isStacked,
    legendPosition: LegendPosition.BOTTOM,
    leftYAxis: { label: axis, showUnits: false, ...(canBeNegative ? {} : { min: 0 }) },
    leftAnnotations: threshold ? [{ ...threshold, color: Color.RED }] : [],
  })
}

/** One metric over all hosts. */
export function line(name: MetricName, service: string, label: string): IMetric {
  return guardMetric(name, service, { label })
}

/** A line for each host, named after it. */
export function linesByHost(name: MetricName, service: string, label = ''): IMetric {
  return guardHostSearch(name, service, label)
}

/** Side by side, as high as the longest of them needs. */
export function alarmStates(groups: readonly (readonly [title: string, alarms: readonly IAlarm[]])[]): IWidget[] {
  const shown = groups.filter(([, alarms]) => alarms.length > 0)
  const width = Math.floor(24 / Math.max(1, shown.length))
  // Two in a row, and the title.
  const height = 1 + Math.ceil(Math.max(...shown.map(([, alarms]) => alarms.length)) / 2)
  return shown.map(([title, alarms]) => new AlarmStatusWidget({ title, alarms: [...alarms], width, height }))
}

export function text(markdown: string, height: number): IWidget {
  return new TextWidget({ markdown, width: 24, height })
}
