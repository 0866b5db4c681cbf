/**
 * What is allowed in a policy and still likely to hurt: one missing backup pin and the next key change is an outage.
 * Findings never refuse a document.
 */
import type { HostEntry, Policy } from './document.ts'
import { pathOfHost, pathOfItem, pathOfKey } from './malformed.ts'
import type { Pin } from './pin.ts'

export type FindingCode =
  | 'no-backup-pin'
  | 'duplicate-pin'
  | 'denied-pin'
  | 'pin-of-nothing'
  | 'report-mode-on'
  | 'wildcard-leaves-apex-open'
  | 'expired-pin'
  | 'expired-host'

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

/**
 * Lists the findings, in the document's order.
 *
 * @param now Milliseconds since the epoch; unset: nothing is said about what has expired.
 */
export function lintPolicy(policy: Policy, now?: number): readonly Finding[] {
  return Object.freeze([...policy.hosts.entries()].flatMap((entry) => lintEntry(entry, policy, now)))
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
  }
  if (seen.size < MIN_DISTINCT_PINS) {
    findings.push(warning('no-backup-pin', path, 'has no backup pin: when this key changes, every call fails'))
  }
  return findings
}

function lintReportMode(entry: HostEntry, path: string, now: number | undefined): Finding[] {
  if (entry.reportUntil !== undefined) {
    if (isPast(entry.reportUntil, now)) return []
    const until = new Date(entry.reportUntil).toISOString()
    return [warning('report-mode-on', pathOfKey(path, 'reportUntil'), `no pin failure blocks a call until ${until}`)]
  }
  return entry.mode === 'report'
    ? [warning('report-mode-on', pathOfKey(path, 'mode'), 'pin failures are reported, and no call is blocked')]
    : []
}

function lintExpiry(entry: HostEntry, path: string, now: number | undefined): Finding[] {
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

function warning(code: FindingCode, path: string, message: string): Finding {
  return { code, path, message, severity: 'warning' }
}
