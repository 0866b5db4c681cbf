/**
 * What `check` found, for a terminal: one line for each host, then what is wrong with it.
 */

import { type CheckFinding, days, labelOf, placeOf } from '../../watch/finding.ts'
import type { HostCheck, HostState } from '../../watch/host-check.ts'
import { table } from '../table.ts'
import type { Voice } from '../voice.ts'
import type { Inspection } from './inspection.ts'

const STYLES = { accepted: 'green', reported: 'yellow', refused: 'red', unreachable: 'red' } as const

const HEADINGS = ['host', 'verdict', 'pin matched', 'pin ends', 'path ends', 'never seen']

export function textOf({ hosts, findings }: Pick<Inspection, 'hosts' | 'findings'>, voice: Voice): string {
  const rows = hosts.map((check) => rowOf(check, voice))
  const problems = hosts.filter(({ state }) => state !== 'accepted').map(problemOf)
  const warnings = findings.filter(({ severity, code }) => severity === 'warning' && code !== 'host-reported')
  const advice = warnings.length === 0 ? [] : [table(warnings.map((warning) => warningRow(warning, voice)))]
  return [table([HEADINGS.map((heading) => voice.style('dim', heading)), ...rows]), ...problems, ...advice].join('\n\n')
}

/** `2 accepted, 1 refused`. */
export function countsOf(hosts: readonly HostCheck[]): string {
  const states: readonly HostState[] = ['accepted', 'reported', 'refused', 'unreachable']
  return states
    .map((state) => [hosts.filter((check) => check.state === state).length, state] as const)
    .filter(([count]) => count > 0)
    .map(([count, state]) => `${count} ${state}`)
    .join(', ')
}

function rowOf(check: HostCheck, voice: Voice): string[] {
  const { state, pinDaysLeft, certificateDaysLeft, pins, isVerified } = check
  // Of a path that does not verify, no key counts as seen, and none as unseen.
  const unseen = !isVerified ? [] : pins.filter(({ isSeen }) => !isSeen)
  return [
    placeOf(check),
    voice.style(STYLES[state], state),
    matchOf(check),
    pinDaysLeft === undefined ? '-' : days(pinDaysLeft),
    certificateDaysLeft === undefined ? '-' : days(certificateDaysLeft),
    unseen.length === 0 ? '-' : unseen.map(labelOf).join(', '),
  ]
}

function matchOf({ matched, pattern }: HostCheck): string {
  if (matched !== undefined) return `${labelOf(matched)} (${matched.isFirst ? 'first' : 'backup'})`
  return pattern === undefined ? 'no entry' : '-'
}

function problemOf(check: HostCheck): string {
  const lines = (check.problem ?? '').split('\n')
  const hint = check.hint === undefined ? [] : [`  hint       ${check.hint}`]
  return [
    `${placeOf(check)}: ${check.state}${check.code === undefined ? '' : ` (${check.code})`}`,
    ...indented(lines),
    ...hint,
  ].join('\n')
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line.startsWith('  ') ? line : `  ${line}`))
}

function warningRow({ place, code, message }: CheckFinding, voice: Voice): string[] {
  return [voice.style('yellow', 'warning'), code, `${place} ${message}`]
}
