/**
 * What a run of the fleet found, and the table of it.
 */

import type { PhaseCalls } from './ledger.ts'

export interface Phase extends PhaseCalls {
  /** GetSecretValue, retries and refused ones included. */
  readonly requests: number
  readonly peakPerSecond: number
  readonly perEnvironmentHour: number
  readonly dollarsPerMillionCalls: number
}

/** Of environments that made calls, s after a rotation. */
export interface Spread {
  readonly environments: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export interface FleetRow {
  readonly name: string
  readonly phases: Readonly<Record<'start' | 'hour' | 'scaling' | 'outage' | 'recovery' | 'throttling', Phase>>
  /** The last call by the revoked pins. */
  readonly rotation: Spread
  /** The same, after a rotation that was written in the middle of the outage: s after the outage's end. */
  readonly outageRotation: Spread
  readonly throttled: number
}

export interface FleetResult {
  readonly environments: number
  readonly seed: number
  readonly versions: Readonly<Record<'middy' | 'powertools', string>>
  readonly rows: readonly FleetRow[]
}

type Column = readonly [title: string, cell: (row: FleetRow) => string]

const COLUMNS: readonly Column[] = [
  ['requests per environment and hour', ({ phases: { hour } }) => hour.perEnvironmentHour.toFixed(1)],
  ['$ per million calls', ({ phases: { hour } }) => hour.dollarsPerMillionCalls.toFixed(2)],
  ['age of the pins, mean / 99 % / max', ({ phases: { hour } }) => agesOf(hour)],
  ['calls that waited, longest', ({ phases: { hour } }) => `${share(hour)}, ${ms(hour.longestWait)}`],
  ['peak a second: start', ({ phases: { start } }) => String(start.peakPerSecond)],
  ['hour', ({ phases: { hour } }) => String(hour.peakPerSecond)],
  ['after the outage', ({ phases: { recovery } }) => String(recovery.peakPerSecond)],
  ['revoked pins last used, 50 / 99 / 100 %', ({ rotation }) => spread(rotation)],
  ['in the outage: after its end', ({ outageRotation }) => spread(outageRotation)],
  ['failed calls in the outage', ({ phases: { outage } }) => failures(outage)],
  ['after it', ({ phases: { recovery } }) => failures(recovery)],
  ['throttled: cold calls failed', ({ phases: { throttling } }) => String(throttling.failedWithout)],
]

export function fleetTable({ environments, versions, rows }: FleetResult): string {
  const lines = [
    `${environments} environments. Middy's secrets-manager ${versions.middy}, Powertools' parameters ${versions.powertools}.`,
    '',
    row(['', ...rows.map(({ name }) => name)]),
    row(['---', ...rows.map(() => '---:')]),
    ...COLUMNS.map(([title, cell]) => row([title, ...rows.map(cell)])),
  ]
  return lines.join('\n')
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function agesOf({ ages }: Phase): string {
  return [ages.mean, ages.p99, ages.max].map((age) => `${Math.round(age / 1_000)} s`).join(' / ')
}

function spread({ p50, p99, max }: Spread): string {
  return [p50, p99, max].map((seconds) => `${Math.round(seconds)} s`).join(' / ')
}

function share({ waited, calls }: Phase): string {
  return `${((100 * waited) / Math.max(1, calls)).toFixed(1)} %`
}

function ms(milliseconds: number): string {
  return `${Math.round(milliseconds)} ms`
}

function failures({ failedWithPins, failedWithout, crashes, calls }: Phase): string {
  const failed = failedWithPins + failedWithout
  return failed === 0 ? '0' : `${failed} (${((100 * failed) / calls).toFixed(1)} %), ${crashes} crashes`
}
