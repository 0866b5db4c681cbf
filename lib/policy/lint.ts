/**
 * What is allowed in a policy and still likely to hurt: one missing backup pin and the next key change is an outage.
 * Findings never refuse a document.
 */

import { overlapsOf } from './lint-overlap.ts'
import { pathOfHost, pathOfItem, pathOfKey } from './malformed.ts'
import type { Pin } from './pin.ts'
import type { HostEntry, Policy } from './reading.ts'

/** Stable: CI and people filter by them. */
export type FindingCode =
  /** One key in a list: when it changes, every call fails. */
  | 'no-backup-pin'
  | 'duplicate-pin'
  /** It never matches, because "deny" holds it. */
  | 'denied-pin'
  /** The digest of no bytes. */
  | 'pin-of-nothing'
  /** In "leafPins" and in "issuerPins" of one entry: one of the two never matches. */
  | 'pin-in-two-lists'
  /** The server's own key of two entries: who holds it speaks for both. */
  | 'shared-leaf-key'
  /** Only the server's own key is pinned; it changes at most renewals. */
  | 'leaf-pins-only'
  | 'report-mode-on'
  /** A host without entry is called, and reported ("report") or not ("allow"). */
  | 'default-report-on'
  | 'default-allow'
  | 'wildcard-leaves-apex-open'
  /** An entry for one port loses to a more specific one for all ports. */
  | 'shadowed-pattern'
  /** It asks for what a broader entry asks for. */
  | 'redundant-entry'
  | 'expired-pin'
  | 'expired-host'
  /** Within 30 days. */
  | 'pin-expires-soon'
  | 'host-expires-soon'
  /** The document has dates or denied keys, and an older one could take its place. */
  | 'no-serial'

export interface Finding {
  readonly code: FindingCode
  /** Into the document in its full form, by canonical pattern: `hosts["api.partner.example"].pins[1]`. */
  readonly path: string
  readonly message: string
  readonly severity: 'warning' | 'info'
}

/** SHA-256 of no bytes: what `openssl … | openssl dgst -sha256` prints when its first half failed. */
const PIN_OF_NOTHING = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='

/** RFC 7469 section 4.3: a pin for a key that is not in use yet. */
const MIN_DISTINCT_PINS = 2

/** The port asked about where a pattern covers all of them. */
const HTTPS_PORT = 443

const DAY_MS = 86_400_000

/** Days before its end in which a date is told: time to ask a partner, and to publish. */
const SOON_DAYS = 30

/**
 * Lists the findings: what holds for the whole document first, then entry by entry, then what entries do to each other.
 *
 * @param now Milliseconds since the epoch; unset: nothing is said about what has expired or will soon.
 */
export function lintPolicy(policy: Policy, now?: number): readonly Finding[] {
  const entries = [...policy.hosts.entries()]
  return Object.freeze([
    ...lintSerial(policy, entries),
    ...lintDefault(policy),
    ...entries.flatMap((entry) => lintEntry(entry, policy, now)),
    ...lintSharedKeys(entries),
    ...overlapsOf(entries).map(({ kind, pattern, message }): Finding => {
      const path = pathOfHost('hosts', pattern)
      return kind === 'shadowed'
        ? warning('shadowed-pattern', path, message)
        : { code: 'redundant-entry', path, message, severity: 'info' }
    }),
  ])
}

function lintSerial({ serial, deny }: Policy, entries: readonly HostEntry[]): Finding[] {
  if (serial !== undefined) return []
  const hasDates = ({ expires, reportUntil, ...lists }: HostEntry) =>
    expires !== undefined || reportUntil !== undefined || pinsOf(lists).some((pin) => pin.expires !== undefined)
  if (deny.size === 0 && !entries.some(hasDates)) return []
  const message = 'is missing: an older document, without these dates or denied keys, could take the place of this one'
  return [{ code: 'no-serial', path: 'serial', message, severity: 'info' }]
}

function lintDefault({ default: rule }: Policy): Finding[] {
  if (rule === 'report') return [warning('default-report-on', 'default', 'hosts without an entry are called unpinned')]
  const message = 'hosts without an entry are called unpinned, and nothing is reported'
  return rule === 'allow' ? [{ code: 'default-allow', path: 'default', message, severity: 'info' }] : []
}

function pinsOf({ pins = [], leafPins = [], issuerPins = [] }: Partial<HostEntry>): readonly Pin[] {
  return [...pins, ...leafPins, ...issuerPins]
}

function lintEntry(entry: HostEntry, policy: Policy, now: number | undefined): Finding[] {
  const path = pathOfHost('hosts', entry.pattern.text)
  const lists = [
    ['pins', entry.pins],
    ['leafPins', entry.leafPins],
    ['issuerPins', entry.issuerPins],
  ] as const
  return [
    ...lists.flatMap(([key, pins]) => (pins === undefined ? [] : lintPins(pins, pathOfKey(path, key), policy, now))),
    ...lintRoles(entry, path),
    ...lintReportMode(entry, path, now),
    ...lintExpiry(entry, path, now),
    ...lintApex(entry, path, policy),
  ]
}

function lintPins(pins: readonly Pin[], path: string, policy: Policy, now: number | undefined): Finding[] {
  const findings: Finding[] = []
  const seen = new Set<string>()
  for (const [index, { sha256, expires }] of pins.entries()) {
    const itemPath = pathOfItem(path, index)
    if (seen.has(sha256)) findings.push(warning('duplicate-pin', itemPath, 'is in the list already'))
    seen.add(sha256)
    if (policy.deny.has(sha256)) findings.push(warning('denied-pin', itemPath, 'never matches: its key is in "deny"'))
    if (sha256 === PIN_OF_NOTHING) {
      findings.push(warning('pin-of-nothing', itemPath, 'is the digest of no bytes: the command that made it failed'))
    }
    if (isPast(expires, now)) findings.push(warning('expired-pin', itemPath, 'has expired and no longer matches'))
    if (isSoon(expires, now)) {
      findings.push(warning('pin-expires-soon', itemPath, `no longer matches after ${dateOf(expires)}`))
    }
  }
  if (seen.size < MIN_DISTINCT_PINS) {
    findings.push(warning('no-backup-pin', path, 'has no backup pin: when this key changes, every call fails'))
  }
  return findings
}

/** What the roles of keys say: the server's own, or above it. */
function lintRoles({ pins, leafPins, issuerPins }: HostEntry, path: string): Finding[] {
  const own = new Set(leafPins?.map(({ sha256 }) => sha256))
  const twice = [...(issuerPins ?? []).entries()].filter(([, { sha256 }]) => own.has(sha256))
  const isLeafOnly = leafPins !== undefined && pins === undefined && issuerPins === undefined
  const message = 'pins only the key of the server itself, which changes at each renewal unless its owner keeps it'
  return [
    ...twice.map(([index]) =>
      warning(
        'pin-in-two-lists',
        pathOfItem(pathOfKey(path, 'issuerPins'), index),
        'is in "leafPins" too: a key is the server\'s own or an issuer\'s, so one of the two never matches',
      ),
    ),
    ...(isLeafOnly ? [{ code: 'leaf-pins-only', path, message, severity: 'info' } as const] : []),
  ]
}

function lintSharedKeys(entries: readonly HostEntry[]): Finding[] {
  const ownerOf = new Map<string, string>()
  const findings: Finding[] = []
  for (const { pattern, leafPins = [] } of entries) {
    for (const [index, { sha256 }] of leafPins.entries()) {
      const first = ownerOf.get(sha256) ?? pattern.text
      ownerOf.set(sha256, first)
      if (first === pattern.text) continue
      const path = pathOfItem(pathOfKey(pathOfHost('hosts', pattern.text), 'leafPins'), index)
      const message = `is the own key of "${first}" as well: who holds it speaks for both`
      findings.push({ code: 'shared-leaf-key', path, message, severity: 'info' })
    }
  }
  return findings
}

function lintReportMode(entry: HostEntry, path: string, now: number | undefined): Finding[] {
  if (entry.reportUntil !== undefined) {
    if (isPast(entry.reportUntil, now)) return []
    const message = `no pin failure blocks a call until ${dateOf(entry.reportUntil)}`
    return [warning('report-mode-on', pathOfKey(path, 'reportUntil'), message)]
  }
  return entry.mode === 'report'
    ? [warning('report-mode-on', pathOfKey(path, 'mode'), 'pin failures are reported, and no call is blocked')]
    : []
}

function lintExpiry(entry: HostEntry, path: string, now: number | undefined): Finding[] {
  if (isSoon(entry.expires, now)) {
    const effect = entry.onExpiry === 'report' ? 'its pins block no call' : 'its pins are enforced, with an alarm'
    return [warning('host-expires-soon', pathOfKey(path, 'expires'), `after ${dateOf(entry.expires)} ${effect}`)]
  }
  if (!isPast(entry.expires, now)) return []
  const effect = entry.onExpiry === 'report' ? 'its pins block no call any more' : 'its pins are still enforced'
  return [warning('expired-host', pathOfKey(path, 'expires'), `has expired: ${effect}`)]
}

function lintApex(entry: HostEntry, path: string, policy: Policy): Finding[] {
  const { kind, base, port } = entry.pattern
  if (kind !== 'one-label' || policy.hosts.find(base, port ?? HTTPS_PORT) !== undefined) return []
  const code = 'wildcard-leaves-apex-open'
  return policy.default === 'deny'
    ? [{ code, path, message: `does not cover "${base}" itself: calls to it are refused`, severity: 'info' }]
    : [warning(code, path, `does not cover "${base}" itself: calls to it are not pinned`)]
}

function isPast(instant: number | undefined, now: number | undefined): boolean {
  return instant !== undefined && now !== undefined && now >= instant
}

function isSoon(instant: number | undefined, now: number | undefined): boolean {
  return instant !== undefined && now !== undefined && now < instant && instant - now <= SOON_DAYS * DAY_MS
}

function dateOf(instant: number | undefined): string {
  return instant === undefined ? '' : new Date(instant).toISOString()
}

function warning(code: FindingCode, path: string, message: string): Finding {
  return { code, path, message, severity: 'warning' }
}
