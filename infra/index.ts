/**
 * The public door of `pinned-fetch/cdk`: names, no code.
 */

export type { GuardAlarmsFunctions, GuardAlarmThresholds } from './alarm-sensors.ts'
export { GuardAlarms, type GuardAlarmsProbe, type GuardAlarmsProps } from './alarms.ts'
export { GuardDashboard, type GuardDashboardProps } from './dashboard.ts'
export type { OutboundGuardProps, ProtectOptions } from './guard-props.ts'
export { guardHostMetric, guardMetric } from './metrics.ts'
export { Lockdown } from './network.ts'
export { OutboundGuard } from './outbound-guard.ts'
export type { PolicyObject } from './policy-input.ts'
export type { RotationApproval } from './rotation.ts'
