/**
 * The alarms of one service: alarm-table.ts says them in words, alarm-sensors.ts when a metric rings; here they become
 * resources, are combined, and call somebody.
 *
 * ## "Somebody is in the middle" against "pins will break soon"
 *
 * To one refused call both look the same: the host shows a key that is not pinned. What tells them apart:
 *
 * - *The same host, seen from another place.* An interceptor sits on one way: a proxy variable or a root that somebody gave
 *   one function, a firewall that began to inspect the VPC, a resolver. An unannounced rotation is seen from everywhere.
 *   So PinFailure and TlsFailure invoke the probe at once, and its answer decides: accepted means that the host still
 *   shows pinned keys to others, which no rotation does. A host in mode `report` refuses no call and has no say. The
 *   scheduled run may be a day old and decides nothing; only an answer of the last five minutes counts (ProbeAccepts).
 *   The probe must not share the way of the calls: outside of their VPC, without their environment.
 * - *How it fails.* A rotation brings a valid certificate: PinFailure alone. An interceptor whose root is not trusted brings
 *   an invalid one: TlsFailure. Both within a quarter of an hour is no rotation, unless the probe sees it, too: then the
 *   host itself is broken.
 * - *Whether it was announced.* An announced key is in the policy, as a backup: it matches, and PinDrift says so while calls
 *   pass. That is why drift, a missing backup and near ends make PinsWillBreak, a ticket, and never the other.
 * - *One host or all.* A rotation is one host's, an interception on our way out all hosts'. An alarm can't count the hosts
 *   (it takes no search), so this is left to the eye: "Refused, by host" is the first graph of the dashboard.
 *
 * What these rules can't see: an interceptor near the host is seen by the probe as well, and looks like a rotation. So no
 * text says "add the pin" before the owner of the host was asked. And they know the service, not the host: while one host
 * is refused for long, CallsRefused is in ALARM already and the probe refuses, so the interception of another host rings
 * nothing new. Only the graph by host shows it.
 *
 * SomebodyInTheMiddle stays for five minutes: the probe is asked when failures begin, not while they go on. The call is
 * what counts; CallsRefused calls again an hour later, if calls are still refused. It can also call once after a repair: for
 * a quarter of an hour the calls that were refused before it still count, and the probe is accepted already.
 *
 * ## One call for one thing
 *
 * Sensors call nobody. CallsRefused waits for the answer of the probe and is silent while SomebodyInTheMiddle calls;
 * CallsWouldBeRefused is silent while CallsRefused calls. No action is tied to "OK": that it stopped is no reason to close it.
 * One exception: a function that fails over what RotationRefused or PolicyRefreshFailure tell rings GuardFunctionFailed, too.
 */

import { Duration } from 'aws-cdk-lib'
import {
  Alarm,
  type AlarmBase,
  AlarmRule,
  CompositeAlarm,
  type IAlarm,
  type IAlarmRule,
} from 'aws-cdk-lib/aws-cloudwatch'
import { LambdaAction, SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import {
  DEFAULT_THRESHOLDS,
  type GuardAlarmsFunctions,
  type GuardAlarmThresholds,
  type Sensor,
  type SensorName,
  sensorsOf,
} from './alarm-sensors.ts'
import { ALARM_NAMES, ALARMS, type AlarmEntry, type AlarmName, descriptionOf, RUNBOOK_BASE_URL } from './alarm-table.ts'

export interface GuardAlarmsProps {
  /**
   * The functions' `POWERTOOLS_SERVICE_NAME`. A guard whose option `metrics` names another service or namespace, or is
   * `false`, is not watched.
   */
  readonly service: string
  /**
   * Where somebody is woken.
   *
   * @default - the alarms have no action; the dashboard shows them
   */
  readonly topic?: ITopic
  /**
   * Where tickets go, which may wait for the next working day.
   *
   * @default - `topic`
   */
  readonly ticketTopic?: ITopic
  /** @default - those of {@link GuardAlarmThresholds} */
  readonly thresholds?: GuardAlarmThresholds
  /**
   * Where the runbooks are; an alarm adds `/<name>.md`.
   *
   * @default - the public ones
   */
  readonly runbookBaseUrl?: string
  /** @default - no probe is deployed: no alarm waits for what only it writes */
  readonly probe?: GuardAlarmsProbe
  /**
   * Whether the rotation function is deployed.
   *
   * @default false
   */
  readonly rotation?: boolean
  /** @default - nobody is told of errors of the guard's own functions */
  readonly functions?: GuardAlarmsFunctions
}

export interface GuardAlarmsProbe {
  /** How often it runs, at least every 6 days. */
  readonly period: Duration
  /**
   * The function, to be asked at once when calls are refused. It is then invoked with CloudWatch's alarm event.
   *
   * @default - it only runs by its schedule, and can't tell an interception from a rotation
   */
  readonly function?: IFunction
}

/** How often "days" are written without a probe: environments start at least daily. */
const FIRST_USE_PERIOD = Duration.days(1)

/** Invoking the probe, its handshakes, and the way of its metrics. */
const PROBE_ANSWERS_WITHIN = Duration.minutes(5)
/** Alarms on the same minute are not evaluated in the same second. */
const ALARMS_SETTLE_WITHIN = Duration.minutes(2)
/** After the greater alarm has ended, the lesser one calls for what is left; not while somebody is still at it. */
const SUPPRESSED_FOR = Duration.hours(1)

export class GuardAlarms extends Construct {
  readonly #alarms = new Map<AlarmName, AlarmBase>()
  readonly #props: GuardAlarmsProps

  constructor(scope: Construct, id: string, props: GuardAlarmsProps) {
    super(scope, id)
    this.#props = props
    this.#addSensors()
    this.#addComposites()
    for (const [name, alarm] of this.#alarms) this.#call(ALARMS[name].severity, alarm)
    if (props.probe?.function) this.#askProbe(props.probe.function)
  }

  /** By name; `undefined` where what it needs is not deployed. */
  alarm(name: AlarmName): IAlarm | undefined {
    return this.#alarms.get(name)
  }

  /** Those that exist, of one severity, in the order of the table. */
  withSeverity(severity: AlarmEntry['severity']): readonly IAlarm[] {
    const names = ALARM_NAMES.filter((name) => ALARMS[name].severity === severity)
    return names.map((name) => this.#alarms.get(name)).filter((alarm) => alarm !== undefined)
  }

  #addSensors(): void {
    const { service, thresholds, probe, functions } = this.#props
    const sensors = sensorsOf({
      service,
      thresholds: { ...DEFAULT_THRESHOLDS, ...thresholds },
      probePeriod: probe?.period ?? FIRST_USE_PERIOD,
      functions,
    })
    for (const [name, sensor] of Object.entries(sensors) as [SensorName, Sensor][]) {
      if (!this.#isDeployed(ALARMS[name])) continue
      const alarmDescription = this.#description(name)
      this.#alarms.set(name, new Alarm(this, name, { ...sensor, alarmDescription }))
    }
  }

  #addComposites(): void {
    const inTheMiddle = this.#compose('SomebodyInTheMiddle', this.#inTheMiddle())
    const refused = this.#compose('CallsRefused', this.#anyOf('PinFailure', 'TlsFailure'), {
      actionsSuppressor: inTheMiddle,
      actionsSuppressorWaitPeriod: this.#props.probe?.function ? PROBE_ANSWERS_WITHIN : ALARMS_SETTLE_WITHIN,
    })
    if (this.#props.probe) {
      this.#compose('CallsWouldBeRefused', this.#anyOf('ProbeRefused'), {
        actionsSuppressor: refused,
        actionsSuppressorWaitPeriod: ALARMS_SETTLE_WITHIN,
      })
    }
    this.#compose(
      'PinsWillBreak',
      this.#anyOf(
        'BackupPinMatched',
        'PinDrift',
        'UnseenPins',
        'DaysToPinExpiry',
        'DaysToCertificateExpiry',
        'DaysToEntryExpiry',
      ),
    )
    if (this.#props.functions) {
      this.#compose('GuardFunctionFailed', this.#anyOf('ProbeErrors', 'RotationErrors', 'FailedEventsWaiting'))
    }
  }

  /** See the top of this file. */
  #inTheMiddle(): IAlarmRule {
    const bothKinds = AlarmRule.allOf(this.#anyOf('PinFailure'), this.#anyOf('TlsFailure'))
    if (!this.#props.probe) return bothKinds
    const othersPass = AlarmRule.allOf(this.#anyOf('PinFailure', 'TlsFailure'), this.#anyOf('ProbeAccepts'))
    return AlarmRule.allOf(AlarmRule.anyOf(othersPass, bothKinds), AlarmRule.not(this.#anyOf('ProbeRefused')))
  }

  /** Of those that exist. */
  #anyOf(...names: SensorName[]): IAlarmRule {
    const alarms = names.map((name) => this.#alarms.get(name)).filter((alarm) => alarm !== undefined)
    return AlarmRule.anyOf(...alarms)
  }

  #compose(
    name: Exclude<AlarmName, SensorName>,
    alarmRule: IAlarmRule,
    suppressed: { readonly actionsSuppressor?: IAlarm; readonly actionsSuppressorWaitPeriod?: Duration } = {},
  ): AlarmBase {
    const alarm = new CompositeAlarm(this, name, {
      alarmRule,
      alarmDescription: this.#description(name),
      ...(suppressed.actionsSuppressor ? { ...suppressed, actionsSuppressorExtensionPeriod: SUPPRESSED_FOR } : {}),
    })
    this.#alarms.set(name, alarm)
    return alarm
  }

  #call(severity: AlarmEntry['severity'], alarm: AlarmBase): void {
    const { topic, ticketTopic = topic } = this.#props
    const called = { page: topic, ticket: ticketTopic, sensor: undefined }[severity]
    if (called) alarm.addAlarmAction(new SnsAction(called))
  }

  #askProbe(probe: IFunction): void {
    for (const name of ['PinFailure', 'TlsFailure'] as const) {
      this.#alarms.get(name)?.addAlarmAction(new LambdaAction(probe, { useUniquePermissionId: true }))
    }
  }

  #isDeployed({ needs }: AlarmEntry): boolean {
    return needs === undefined || Boolean(this.#props[needs])
  }

  #description(name: AlarmName): string {
    return descriptionOf(name, this.#props.service, this.#props.runbookBaseUrl ?? RUNBOOK_BASE_URL)
  }
}
