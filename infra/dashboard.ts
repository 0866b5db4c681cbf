/**
 * What somebody looks at when an alarm has called: from top to bottom the questions in the order in which they come up.
 * What rings, and what do I do? Which host is refused, one or all? How old is the policy? What breaks next? What did the
 * probe see? Which key was shown?
 *
 * Only the guard's own metrics and log lines. Requests, durations and costs of the functions have dashboards of their own.
 */

import { Duration } from 'aws-cdk-lib'
import { Dashboard, PeriodOverride, Shading } from 'aws-cdk-lib/aws-cloudwatch'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { DEFAULT_THRESHOLDS, type GuardAlarmThresholds } from './alarm-sensors.ts'
import { RUNBOOK_BASE_URL, RUNBOOKS } from './alarm-table.ts'
import type { GuardAlarms } from './alarms.ts'
import { checkLogGroups, logTables } from './dashboard-logs.ts'
import { alarmStates, graph, line, linesByHost, text } from './dashboard-widgets.ts'

export interface GuardDashboardProps {
  /** The functions' `POWERTOOLS_SERVICE_NAME`. */
  readonly service: string
  /**
   * Their states are shown.
   *
   * @default - no states
   */
  readonly alarms?: GuardAlarms
  /**
   * Drawn into the graphs.
   *
   * @default - those of {@link GuardAlarmThresholds}
   */
  readonly thresholds?: GuardAlarmThresholds
  /** @default - the public ones */
  readonly runbookBaseUrl?: string
  /**
   * Whether the probe is deployed.
   *
   * @default false
   */
  readonly probe?: boolean
  /**
   * Whether the rotation function is deployed.
   *
   * @default false
   */
  readonly rotation?: boolean
  /**
   * The name, letters, digits, `-` and `_`.
   *
   * @default - CloudFormation makes one
   */
  readonly dashboardName?: string
}

/** What is shown when it opens: seven runs of a daily probe. */
const SHOWN = Duration.days(7)

export class GuardDashboard extends Construct {
  readonly dashboard: Dashboard
  readonly #props: GuardDashboardProps
  readonly #logGroups: string[] = []

  constructor(scope: Construct, id: string, props: GuardDashboardProps) {
    super(scope, id)
    this.#props = props
    this.dashboard = new Dashboard(this, 'Dashboard', {
      ...(props.dashboardName === undefined ? {} : { dashboardName: props.dashboardName }),
      defaultInterval: SHOWN,
      // So that a graph that is drawn over an hour shows minutes.
      periodOverride: PeriodOverride.AUTO,
    })
    this.#addAlarms()
    this.#addRefusals()
    this.#addPolicy()
    this.#addExpiry()
    if (props.probe) this.#addProbe()
  }

  /**
   * Adds tables from these logs at the end: reasons, presented keys, what the probe saw. The log groups of the functions
   * that call, of the probe and of the rotation function. Can be called again, for functions that come later.
   */
  addLogGroups(...groups: readonly ILogGroup[]): void {
    const isFirst = this.#logGroups.length === 0
    for (const { logGroupName } of groups) {
      if (!this.#logGroups.includes(logGroupName)) this.#logGroups.push(logGroupName)
    }
    checkLogGroups(this.#logGroups)
    if (!isFirst || this.#logGroups.length === 0) return
    const { probe = false, rotation = false } = this.#props
    for (const row of logTables({ groups: this.#logGroups, probe, rotation })) this.dashboard.addWidgets(...row)
  }

  #addAlarms(): void {
    const { service, alarms, runbookBaseUrl = RUNBOOK_BASE_URL } = this.#props
    const links = RUNBOOKS.map((name) => `[${name}](${runbookBaseUrl}/${name}.md)`).join(' · ')
    this.dashboard.addWidgets(
      text(
        `# Outbound guard: ${service}\n` +
          `**Calls are refused?** Nothing was sent to the peer. One host: most likely an unannounced rotation. All hosts at ` +
          `once, or only from one network: somebody may be in the middle. Add no pin before the owner of the host has ` +
          `confirmed the key by another channel.\n\n` +
          `**A ticket?** The lines below the red thresholds say which host. **Runbooks:** ${links}`,
        4,
      ),
    )
    if (!alarms) return
    const sensors = alarms.withSeverity('sensor').filter((alarm) => alarm !== alarms.alarm('ProbeAccepts'))
    this.dashboard.addWidgets(
      ...alarmStates([
        ['Alarms that page', alarms.withSeverity('page')],
        ['Alarms that open a ticket', alarms.withSeverity('ticket')],
        ['What the composite alarms are made of', sensors],
      ]),
    )
  }

  #addRefusals(): void {
    const { service } = this.#props
    this.dashboard.addWidgets(
      graph({
        title: 'Refused, by host: one host or all?',
        metrics: [
          linesByHost('PinFailure', service, 'pin: '),
          linesByHost('TlsFailure', service, 'TLS: '),
          linesByHost('HostRefused', service, 'plain HTTP: '),
        ],
        axis: 'calls',
        isStacked: true,
        width: 12,
      }),
      graph({
        title: 'Refused, by kind',
        metrics: [
          line('PinFailure', service, 'wrong key'),
          line('TlsFailure', service, 'invalid certificate'),
          line('HostRefused', service, 'host not covered, or plain HTTP'),
          line('PinReportOnlyFailure', service, 'let through by mode "report"'),
        ],
        axis: 'calls',
        width: 12,
      }),
    )
  }

  #addPolicy(): void {
    const { service, rotation } = this.#props
    const seconds = (this.#props.thresholds?.policyAge ?? DEFAULT_THRESHOLDS.policyAge).toSeconds()
    const width = rotation ? 8 : 12
    const loads = [line('PolicyRefresh', service, 'loaded'), line('PolicyRefreshFailure', service, 'failed')]
    const rotations = [line('RotationPromoted', service, 'promoted'), line('RotationRefused', service, 'refused')]
    this.dashboard.addWidgets(
      graph({
        title: 'Age of the policy at a refresh',
        metrics: [line('PolicyAge', service, 'oldest')],
        axis: 'seconds',
        threshold: { value: seconds, label: 'an alarm, if refreshes fail', fill: Shading.ABOVE },
        width,
      }),
      graph({ title: 'Refreshes of the policy', metrics: loads, axis: 'loads', width }),
      ...(rotation ? [graph({ title: 'Rotations', metrics: rotations, axis: 'candidates', width })] : []),
    )
  }

  #addExpiry(): void {
    const { service, probe } = this.#props
    const thresholds = { ...DEFAULT_THRESHOLDS, ...this.#props.thresholds }
    const width = probe ? 8 : 12
    const days = (
      title: string,
      name: 'DaysToPinExpiry' | 'DaysToCertificateExpiry' | 'DaysToEntryExpiry',
      value: number,
    ) =>
      graph({
        title,
        metrics: [linesByHost(name, service)],
        axis: 'days',
        canBeNegative: true,
        threshold: { value, label: 'a ticket', fill: Shading.BELOW },
        width,
      })
    this.dashboard.addWidgets(
      days('Days until the last pin expires', 'DaysToPinExpiry', thresholds.daysToPinExpiry),
      days('Days until the certificates expire', 'DaysToCertificateExpiry', thresholds.daysToCertificateExpiry),
      ...(probe ? [days('Days until the entry expires', 'DaysToEntryExpiry', thresholds.daysToEntryExpiry)] : []),
    )
  }

  #addProbe(): void {
    const { service } = this.#props
    this.dashboard.addWidgets(
      graph({
        title: 'Probe: refused or unreachable',
        metrics: [
          linesByHost('ProbeRefused', service, 'refused: '),
          linesByHost('ProbeUnreachable', service, 'unreachable: '),
        ],
        axis: '0: well, 1: not',
        width: 8,
      }),
      graph({
        title: 'A backup pin is in use: rotated',
        metrics: [linesByHost('PinDrift', service, 'probe: '), linesByHost('BackupPinMatched', service, 'calls: ')],
        axis: 'matches',
        width: 8,
      }),
      graph({
        title: 'Backups: pins that a host did not show',
        metrics: [linesByHost('UnseenPins', service)],
        axis: 'pins',
        threshold: { value: 1, label: 'below: no backup', fill: Shading.BELOW },
        width: 8,
      }),
    )
  }
}
