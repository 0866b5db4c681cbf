/**
 * When each metric alarm rings, and how long it stays: statistic, period, threshold, and what missing data means.
 *
 * Four kinds of metrics need four kinds of alarms:
 * - *Events* are written when something happens. One is enough; no data is the good state. The alarm stays for a quarter
 *   of an hour after the last (those that only open a ticket: for a day), so that calls that fail now and then ring once.
 * - *The probe's last word* on states it writes at every run, zeros included. The alarm keeps its state until the next run,
 *   so a run by hand after a repair ends it at once.
 * - *Days* are written by the probe and by the first use of a host. A policy without an expiry writes none, so nothing may
 *   stick: the alarm looks back over one period of the probe and two hours more.
 * - *Silence* is an alarm on no data at all.
 *
 * What the guard's own functions failed on is told by AWS's own metrics, as events.
 *
 * Looking back is done in periods of an hour, not in one of a day: for missing data CloudWatch looks further back than it
 * is told, by some periods ("evaluation range"), and three more days would be too late. Limits (API_PutMetricAlarm): period
 * times evaluation periods is at most seven days, and one day where the period is under an hour.
 */

import { Duration } from 'aws-cdk-lib'
import {
  type AlarmProps,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { MetricName } from '../lib/events.ts'
import type { AlarmName } from './alarm-table.ts'
import { guardMetric } from './metrics.ts'

export interface GuardAlarmThresholds {
  /**
   * Days before the last pin of a host expires.
   *
   * @default 30
   */
  readonly daysToPinExpiry?: number
  /**
   * Days before the certificates of a host expire. They are renewed with a third of their life left, so less than this is
   * a renewal that failed.
   *
   * @default 7
   */
  readonly daysToCertificateExpiry?: number
  /**
   * Days before the entry of a host expires.
   *
   * @default 14
   */
  readonly daysToEntryExpiry?: number
  /**
   * Age of a policy whose refresh fails. Below the guard's `maxStale` (a day unless set), at which calls fail.
   *
   * @default Duration.hours(1)
   */
  readonly policyAge?: Duration
}

export const DEFAULT_THRESHOLDS = {
  daysToPinExpiry: 30,
  daysToCertificateExpiry: 7,
  daysToEntryExpiry: 14,
  policyAge: Duration.hours(1),
} as const satisfies Required<GuardAlarmThresholds>

/** What is a metric alarm; the others are made of these. */
export type SensorName = Exclude<
  AlarmName,
  'SomebodyInTheMiddle' | 'CallsRefused' | 'CallsWouldBeRefused' | 'PinsWillBreak' | 'GuardFunctionFailed'
>

export type Sensor = Omit<AlarmProps, 'alarmDescription'>

export interface SensorOptions {
  readonly service: string
  readonly thresholds: Required<GuardAlarmThresholds>
  /** How often the probe runs. */
  readonly probePeriod: Duration
  readonly functions?: GuardAlarmsFunctions | undefined
}

/** The guard's own functions, and where events end that they failed on. */
export interface GuardAlarmsFunctions {
  readonly probe: IFunction
  readonly rotation?: IFunction | undefined
  readonly failedEvents: IQueue
}

const MINUTE = Duration.minutes(1)
const FIVE_MINUTES = Duration.minutes(5)
const HOUR = Duration.hours(1)

/** CloudWatch looks no further back, in hours. */
const HOURS_MAX = 7 * 24
/** A run may be late, and its metrics on their way. */
const SLACK_HOURS = 2
/** The longest period of the probe that every alarm can see, in hours. */
const PROBE_HOURS_MAX = 6 * 24

/** Without `functions` their sensors are not among them. */
export function sensorsOf(options: SensorOptions): Readonly<Partial<Record<SensorName, Sensor>>> {
  return { ...sensorsOfGuard(options), ...(options.functions && sensorsOfFunctions(options.functions)) }
}

type OfFunctions = 'ProbeErrors' | 'RotationErrors' | 'FailedEventsWaiting'

function sensorsOfGuard({
  service,
  thresholds,
  probePeriod,
}: SensorOptions): Readonly<Record<Exclude<SensorName, OfFunctions>, Sensor>> {
  const probeHours = Math.ceil(probePeriod.toHours({ integral: false }))
  if (probeHours > PROBE_HOURS_MAX) {
    throw new Error(
      `The probe must run at least every 6 days: CloudWatch alarms see 7 days, and it runs every ${probePeriod.toHumanString()}`,
    )
  }
  const event = (name: MetricName) => first(guardMetric(name, service, { period: MINUTE }), 15)
  const eventOfDay = (name: MetricName) => first(guardMetric(name, service, { period: HOUR }), 24)
  const lastWord = (name: MetricName) => stays(guardMetric(name, service, { period: FIVE_MINUTES }))
  const days = (name: MetricName, threshold: number): Sensor => ({
    ...first(guardMetric(name, service, { period: HOUR }), probeHours + SLACK_HOURS),
    threshold,
    comparisonOperator: ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
  })
  return {
    PinFailure: event('PinFailure'),
    TlsFailure: event('TlsFailure'),
    HostRefused: event('HostRefused'),
    PolicyRefreshFailure: event('PolicyRefreshFailure'),
    PolicyRefreshLasting: {
      ...first(guardMetric('PolicyRefreshFailure', service, { period: FIVE_MINUTES }), 6),
      datapointsToAlarm: 3,
    },
    PolicyStale: {
      ...first(ageWhereRefreshesFail(service), 1),
      threshold: thresholds.policyAge.toSeconds(),
    },
    PinReportOnlyFailure: eventOfDay('PinReportOnlyFailure'),
    BackupPinMatched: eventOfDay('BackupPinMatched'),
    RotationRefused: eventOfDay('RotationRefused'),
    ProbeRefused: lastWord('ProbeRefused'),
    ProbeUnreachable: lastWord('ProbeUnreachable'),
    PinDrift: lastWord('PinDrift'),
    UnseenPins: { ...lastWord('UnseenPins'), comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD },
    ProbeAccepts: {
      ...first(hostsNotAccepted(service), 5),
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
    },
    ProbeSilent: silence(service, probeHours),
    DaysToPinExpiry: days('DaysToPinExpiry', thresholds.daysToPinExpiry),
    DaysToCertificateExpiry: days('DaysToCertificateExpiry', thresholds.daysToCertificateExpiry),
    DaysToEntryExpiry: days('DaysToEntryExpiry', thresholds.daysToEntryExpiry),
    EntryExpired: days('DaysToEntryExpiry', 0),
  }
}

function sensorsOfFunctions(functions: GuardAlarmsFunctions): Readonly<Partial<Record<OfFunctions, Sensor>>> {
  const { probe, rotation, failedEvents } = functions
  const errorsOfDay = (fn: IFunction) => first(fn.metricErrors({ period: HOUR, statistic: Stats.SUM }), 24)
  const waiting = failedEvents.metricApproximateNumberOfMessagesVisible({
    period: FIVE_MINUTES,
    statistic: Stats.MAXIMUM,
  })
  return {
    ProbeErrors: errorsOfDay(probe),
    ...(rotation && { RotationErrors: errorsOfDay(rotation) }),
    FailedEventsWaiting: first(waiting, 1),
  }
}

/** Rings at the first datum of 1 or more, and stays until that is out of the window. */
function first(metric: IMetric, evaluationPeriods: number): Sensor {
  return {
    metric,
    threshold: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    evaluationPeriods,
    datapointsToAlarm: 1,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  }
}

function stays(metric: IMetric): Sensor {
  return { ...first(metric, 1), treatMissingData: TreatMissingData.IGNORE }
}

function silence(service: string, probeHours: number): Sensor {
  const hours = Math.min(2 * probeHours, HOURS_MAX)
  return {
    metric: guardMetric('ProbeRefused', service, { period: HOUR, statistic: Stats.SAMPLE_COUNT }),
    threshold: 1,
    comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
    evaluationPeriods: hours,
    datapointsToAlarm: hours,
    treatMissingData: TreatMissingData.BREACHING,
  }
}

/** The age is written at good refreshes, too: an environment that lay idle for hours is old, and then at once is not. */
function ageWhereRefreshesFail(service: string): MathExpression {
  return new MathExpression({
    expression: 'IF(failures > 0, age, 0)',
    usingMetrics: { failures: guardMetric('PolicyRefreshFailure', service), age: guardMetric('PolicyAge', service) },
    label: 'Age of a policy that could not be refreshed',
    period: FIVE_MINUTES,
  })
}

/** An unreachable host is not refused, and not accepted either. One in mode `report` counts as accepted. */
function hostsNotAccepted(service: string): MathExpression {
  return new MathExpression({
    expression: 'refused + unreachable',
    usingMetrics: {
      refused: guardMetric('ProbeRefused', service),
      unreachable: guardMetric('ProbeUnreachable', service),
    },
    label: 'Whether the probe was refused by a host, or could not ask it',
    period: MINUTE,
  })
}
