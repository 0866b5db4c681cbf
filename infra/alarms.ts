/**
 * The alarms of one service: what must never happen, and what to do when it does.
 */

import { Duration } from 'aws-cdk-lib'
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData, Unit } from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import { METRIC_DIMENSIONS, METRIC_NAMESPACE, METRICS, type MetricName, type MetricUnit } from '../lib/events.ts'

export interface GuardAlarmsProps {
  /** The function's `POWERTOOLS_SERVICE_NAME`. */
  readonly service: string
  /** Where alarms are announced. */
  readonly topic: ITopic
}

const UNITS: Readonly<Record<MetricUnit, Unit>> = { Count: Unit.COUNT, Seconds: Unit.SECONDS }

/** The alarm's reason comes from the metrics' table; this is what follows it. */
const REPAIRS = {
  PinFailure:
    'Find the log lines with "event":"pin-failure": "presented" are the keys that were shown, "expected" the pins. ' +
    'If the owner of the host announced the presented key, add its pin to the secret. ' +
    'If nobody did, treat it as an interception: keep the policy, and ask the owner through another channel.',
  HostRefused:
    'Find the log lines with "event":"host-refused": "requestedHost" was called and no entry of the policy covers it, ' +
    'or it was called over plain HTTP. If the call is right, add the host to the secret or use https. ' +
    'If it is not, find the code or dependency that made it: data may have been about to leave.',
  PolicyRefreshFailure:
    'Find the log lines with "event":"policy-refresh-failed": "code" and "message" say why. ' +
    'AccessDenied: the role, its secret or its key policy changed. ERR_POLICY_*: put a valid document into the secret. ' +
    'Calls go on with the last good policy until it is too old (maxStale); an environment that has none refuses them.',
} as const satisfies Partial<Record<MetricName, string>>

/** One alarm per metric, on the first occurrence within a minute. */
export class GuardAlarms extends Construct {
  constructor(scope: Construct, id: string, { service, topic }: GuardAlarmsProps) {
    super(scope, id)
    for (const name of Object.keys(REPAIRS) as (keyof typeof REPAIRS)[]) {
      const metric = new Metric({
        namespace: METRIC_NAMESPACE,
        metricName: name,
        dimensionsMap: { [METRIC_DIMENSIONS.service]: service },
        statistic: Stats.SUM,
        period: Duration.minutes(1),
        unit: UNITS[METRICS[name].unit],
      })
      const alarm = new Alarm(this, name, {
        metric,
        alarmDescription: `${service}: ${METRICS[name].when}. ${REPAIRS[name]}`,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        threshold: 1,
        evaluationPeriods: 1,
        // The metrics are written when something happens: no data is the good state.
        treatMissingData: TreatMissingData.NOT_BREACHING,
      })
      alarm.addAlarmAction(new SnsAction(topic))
    }
  }
}
