/**
 * An audit as Markdown (GitHub's tables), for a pull request, an issue or a terminal.
 */

import { days, placeOf } from '../../watch/finding.ts'
import type { HostCheck, KeyView, PinView } from '../../watch/host-check.ts'
import { countsOf } from '../check/text.ts'
import type { Audit, AuditChange } from './audit.ts'
import { endingsOf } from './ending.ts'
import { visible } from './escape.ts'

/** Lines of the list of what ends next. */
const MOST_ENDINGS = 12

export function markdownOf(audit: Audit): string {
  const parts = [
    `# Audit of ${inline(audit.policy.name)}`,
    introduction(audit),
    '## Findings',
    findings(audit),
    ...(audit.since === undefined ? [] : [`## Changes since ${audit.since.at}`, changes(audit.since.changes)]),
    '## What ends next',
    endings(audit),
    '## Hosts',
    ...audit.hosts.flatMap(hostSection),
  ]
  return `${parts.join('\n\n')}\n`
}

function introduction({ at, policy, hosts, unchecked }: Audit): string {
  const facts = [
    `entries: ${policy.entries}`,
    `other hosts: ${policy.default}`,
    ...(policy.serial === undefined ? [] : [`serial ${policy.serial}`]),
    ...(policy.version === undefined ? [] : [`version ${inline(policy.version)}`]),
    policy.isSigned ? 'in a signed envelope' : 'not signed',
  ]
  const passed = unchecked.map(inline).join(', ')
  const note = unchecked.length === 0 ? '' : `\n\nNot looked at, since a wildcard names no host: ${passed}.`
  return `Looked at on ${at}. Policy: ${facts.join(', ')}. Hosts: ${countsOf(hosts)}.${note}`
}

function findings({ findings: all }: Audit): string {
  if (all.length === 0) return 'None.'
  return rowsOf(
    ['severity', 'where', 'finding', 'code'],
    all.map(({ severity, code, place, message }) => [severity, inline(place), inline(message), `\`${code}\``]),
  )
}

function changes(all: readonly AuditChange[]): string {
  if (all.length === 0) return 'None.'
  return rowsOf(
    ['where', 'what', 'change'],
    all.map(({ place, kind, message }) => [inline(place), kind, inline(message)]),
  )
}

function endings({ hosts, at }: Audit): string {
  const all = hosts
    .flatMap((host) => endingsOf(host, Date.parse(at)))
    .sort((left, right) => left.daysLeft - right.daysLeft)
  if (all.length === 0) return 'Nothing is known to end.'
  const shown = all.slice(0, MOST_ENDINGS)
  const rest = all.length > shown.length ? `\n\n${all.length - shown.length} more end later.` : ''
  const rows = shown.map(({ at: end, daysLeft, place, label }) => [
    end.slice(0, 10),
    days(daysLeft),
    inline(place),
    inline(label),
  ])
  return rowsOf(['on', 'in', 'host', 'what'], rows) + rest
}

function hostSection(check: HostCheck): string[] {
  const { state, code, problem, hint, pattern, path, pins } = check
  const covered = pattern === undefined ? 'No entry covers it.' : `Entry: ${inline(pattern)}.`
  const why =
    problem === undefined
      ? []
      : ['```text\n'.concat(fenced(problem), ...(hint === undefined ? [] : [`\nhint: ${fenced(hint)}`]), '\n```')]
  return [
    `### ${inline(placeOf(check))}: ${state}${code === undefined ? '' : ` (\`${code}\`)`}`,
    covered,
    ...why,
    ...(path.length === 0 ? [] : [pathTable(path, check.isVerified)]),
    ...(pins.length === 0 ? [] : [pinTable(pins, check)]),
  ]
}

function pathTable(path: readonly KeyView[], isVerified: boolean): string {
  const rows = path.map(({ role, subject, pin, notAfter, daysLeft, isPinned, name }) => [
    isVerified ? role : 'sent',
    inline(subject),
    `\`${pin}\``,
    `${notAfter.slice(0, 10)}, ${days(daysLeft)}`,
    isPinned ? `pinned${name === undefined ? '' : `: ${inline(name)}`}` : '',
  ])
  return rowsOf([isVerified ? 'verified path' : 'not verified', 'subject', 'key', 'until', 'pinned'], rows)
}

function pinTable(pins: readonly PinView[], check: HostCheck): string {
  const rows = pins.map((pin) => [
    `${pin.list}, ${pin.isFirst ? 'first' : 'backup'}`,
    `\`${pin.pin}\``,
    pin.name === undefined ? '' : inline(pin.name),
    pin.expires === undefined ? 'never' : `${pin.expires.slice(0, 10)}, ${days(pin.daysLeft ?? 0)}`,
    sightingOf(pin, check),
  ])
  return rowsOf(['pin', 'key', 'name', 'ends', 'seen'], rows)
}

/** How a pin fares with what the host shows. */
export function sightingOf(pin: PinView, { matched, isVerified, pins }: HostCheck): string {
  if (!isVerified) return 'not known'
  if (!pin.isSeen) return 'never seen'
  const counts = ({ list, isSeen, daysLeft = 0 }: PinView) => list === pin.list && isSeen && daysLeft >= 0
  return matched !== undefined && pins.find(counts) === pin ? 'matched' : 'in the path'
}

function rowsOf(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(heading), line(heading.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Foreign text in a line of Markdown: nothing in it is markup. */
function inline(text: string): string {
  return visible(text).replace(/[\\`*_[\]<>|#~&!]/g, '\\$&')
}

/** Foreign text in a fence: no line of it ends the fence. */
function fenced(text: string): string {
  return text
    .split('\n')
    .map((line) => visible(line).replaceAll('```', "'''"))
    .join('\n')
}
