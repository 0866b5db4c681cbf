/**
 * The whole decision, on one page: rules + call + verified path + now -> verdict.
 *
 * Every surface asks here and nowhere else, for a new connection, for a resumed one, and for an open one when the
 * policy or the time has changed. No I/O, no clock, no state. A verdict is `accept`, `report` (let through, recorded)
 * or `refuse`; nothing throws, nothing defaults to accept.
 *
 * The order of the checks, most fundamental first:
 *   1. the host is covered, or the policy's default speaks         ERR_HOST_NOT_COVERED
 *   2. a covered host is called over TLS                           ERR_PLAINTEXT_REFUSED   never forgiven
 *   3. a path is verified, for this host, up to its own anchors    ERR_PATH_NOT_VERIFIED   never forgiven
 *   4. a path without a denied key is left                         ERR_KEY_DENIED          never forgiven
 *   5. one such path holds the pinned keys                         ERR_PINS_EXPIRED, ERR_PIN_MISMATCH
 */

import { type FailureCode, type FailureEvidence, PinnedFetchError, type PresentedKey, type Target } from './errors.ts'
import { formatPin, type Pin } from './policy/pin.ts'
import type { HostEntry, Policy } from './policy/reading.ts'
import type { Certificate } from './x509/certificate.ts'
import type { PathResult, VerifiedPath } from './x509/path.ts'

const HTTPS_PORT = 443

/** Where a call goes. */
export interface Call {
  readonly protocol: 'https:' | 'http:'
  /** Canonical host name or IP address: the name that TLS verifies. */
  readonly host: string
  readonly port: number
  /** The owner's proxy on the way, not where the call goes: the policy's default does not speak of it. */
  readonly isProxy?: boolean
}

/** The rules in force: the document, and what the owner of the process put above it. */
export interface Rules {
  readonly policy: Policy
  /** The version that the source gave to the document; evidence only. */
  readonly version?: string | undefined
  /** Overrides the document's modes for every host. Default: the document decides. */
  readonly mode?: 'enforce' | 'report' | undefined
}

/** What the peer proved, and what it had to be proved against. */
export interface Evidence {
  /** What `verifyPath` made of the peer's certificates. */
  readonly path: PathResult
  /** The `id` of the trust set that the rules demand for this host: its own `anchors`, or the guard's set. */
  readonly trustId: string
}

export type Verdict = {
  /** The entry that covers the host. */
  readonly entry: HostEntry | undefined
  /** Time alone can change this verdict at this instant, ms since the epoch; `Infinity`: never. */
  readonly changesAt: number
} & (
  | {
      readonly decision: 'accept'
      /** The first pin, in the document's order, that matched; none before a path is known, or for an uncovered host. */
      readonly pin: Pin | undefined
      /** Only a pin that is not the first of its list matched: a rotation has happened. */
      readonly isBackup: boolean
    }
  | { readonly decision: 'report' | 'refuse'; readonly error: PinnedFetchError }
)

/** Before a connection exists: do the rules let the call go out at all? No date plays a part. */
export function judgeCall(rules: Rules, call: Call): Verdict {
  const entry = entryFor(rules, call)
  if (entry === undefined) return judgeUncovered(rules, call)
  if (call.protocol === 'http:') return refuse(entry, 'ERR_PLAINTEXT_REFUSED', target(rules, call, entry))
  return { decision: 'accept', entry, pin: undefined, isBackup: false, changesAt: Number.POSITIVE_INFINITY }
}

/** Once the peer has shown its certificates: may the call be written to this connection? */
export function judge(rules: Rules, call: Call, evidence: Evidence, now: number): Verdict {
  const admission = judgeCall(rules, call)
  if (admission.decision === 'refuse' || call.protocol === 'http:') return admission
  const { entry } = admission
  // An uncovered host that may be called keeps Node's own judgement, except that a denied key is denied everywhere.
  if (entry === undefined && rules.policy.deny.size === 0) return admission

  const place = target(rules, call, entry)
  const proof = provenPaths(call, evidence, now)
  if (typeof proof === 'string') {
    const presented = presentedKeys(evidence.path)
    return refuse(entry, 'ERR_PATH_NOT_VERIFIED', { ...place, presented, reason: proof })
  }
  const isDenied = ({ keyHash }: Certificate) => rules.policy.deny.has(keyHash)
  const paths = proof.filter(({ certificates }) => !certificates.some(isDenied))
  if (paths.length === 0) {
    const denied = [
      ...new Set(
        distinctCertificates(proof)
          .filter(isDenied)
          .map(({ keyHash }) => formatPin(keyHash)),
      ),
    ]
    return refuse(entry, 'ERR_KEY_DENIED', { ...place, presented: presentedKeys(evidence.path), denied })
  }
  if (entry === undefined) return { ...admission, changesAt: nextEnd(paths, now) }
  return judgePins(rules, place, entry, paths, now)
}

/** An entry for `host:443` covers the host against plain HTTP on any port: both name the same partner. */
function entryFor({ policy }: Rules, { protocol, host, port, isProxy }: Call): HostEntry | undefined {
  const entry = policy.hosts.find(host, port)
  const isPartner = protocol === 'http:' && !isProxy
  return entry === undefined && isPartner ? policy.hosts.find(host, HTTPS_PORT) : entry
}

function judgeUncovered(rules: Rules, call: Call): Verdict {
  const rule = rules.policy.default
  if (rule === 'allow' || call.isProxy) {
    return {
      decision: 'accept',
      entry: undefined,
      pin: undefined,
      isBackup: false,
      changesAt: Number.POSITIVE_INFINITY,
    }
  }
  const error = new PinnedFetchError('ERR_HOST_NOT_COVERED', {
    ...target(rules, call, undefined),
    protocol: call.protocol,
  })
  const reports = (rules.mode ?? (rule === 'report' ? 'report' : 'enforce')) === 'report'
  return { decision: reports ? 'report' : 'refuse', entry: undefined, error, changesAt: Number.POSITIVE_INFINITY }
}

/** The verified paths that count for this call now, or why none does. */
function provenPaths(call: Call, { path, trustId }: Evidence, now: number): readonly VerifiedPath[] | string {
  if (path.verified === undefined) return path.reason
  if (path.verified.host !== call.host) return `its path was verified for "${path.verified.host}"`
  if (path.verified.trustId !== trustId) return 'its path was verified up to other trust anchors'
  const valid = path.verified.paths.filter(({ validFrom, validUntil }) => validFrom <= now && now <= validUntil)
  return valid.length > 0 ? valid : 'its path has expired since it was verified'
}

function judgePins(
  rules: Rules,
  place: Target,
  entry: HostEntry,
  paths: readonly VerifiedPath[],
  now: number,
): Verdict {
  const changesAt = nextChange(entry, paths, now)
  const matches = paths.map((path) => matchLists(entry, path, (pin) => !isExpired(pin, now)))
  const matched = matches.find((match) => match?.isBackup === false) ?? matches.find((match) => match !== undefined)
  if (matched !== undefined) return { decision: 'accept', entry, ...matched, changesAt }

  const presented = distinctCertificates(paths).map((certificate) => presentedKey(certificate, paths))
  const wasPinned = paths.some((path) => matchLists(entry, path, () => true) !== undefined)
  const error = wasPinned
    ? new PinnedFetchError('ERR_PINS_EXPIRED', { ...place, presented, expired: expiredPins(entry, paths, now) })
    : new PinnedFetchError('ERR_PIN_MISMATCH', { ...place, presented, expected: expectedPins(entry, now) })
  return { decision: modeOf(rules, entry, now) === 'report' ? 'report' : 'refuse', entry, error, changesAt }
}

/** What a path proves about an entry: every list that the entry has must match (Apple's rule). */
function matchLists(
  entry: HostEntry,
  path: VerifiedPath,
  counts: (pin: Pin) => boolean,
): { readonly pin: Pin; readonly isBackup: boolean } | undefined {
  const hashes = path.certificates.map(({ keyHash }) => keyHash)
  const lists: readonly (readonly [readonly Pin[] | undefined, readonly string[]])[] = [
    [entry.pins, hashes],
    [entry.leafPins, hashes.slice(0, 1)],
    [entry.issuerPins, hashes.slice(1)],
  ]
  let first: Pin | undefined
  let isBackup = false
  for (const [list, keys] of lists) {
    if (list === undefined) continue
    const pin = list.find((candidate) => counts(candidate) && keys.includes(candidate.sha256))
    if (pin === undefined) return undefined
    first ??= pin
    isBackup ||= pin.sha256 !== list[0]?.sha256
  }
  return first === undefined ? undefined : { pin: first, isBackup }
}

/** What a mismatch does to a call to a covered host at this moment. */
export function modeOf(rules: Rules, entry: HostEntry, now: number): 'enforce' | 'report' {
  if (rules.mode !== undefined) return rules.mode
  const brokenGlass = entry.reportUntil !== undefined && now < entry.reportUntil
  const relaxed = entry.expires !== undefined && now >= entry.expires && entry.onExpiry === 'report'
  return brokenGlass || relaxed ? 'report' : entry.mode
}

function isExpired({ expires }: Pin, now: number): boolean {
  return expires !== undefined && now >= expires
}

/** The next instant after `now` at which a date of the entry, or of a path, passes. */
function nextChange(entry: HostEntry, paths: readonly VerifiedPath[], now: number): number {
  let next = earliest(Number.POSITIVE_INFINITY, entry.expires, now)
  next = earliest(next, entry.reportUntil, now)
  for (const list of [entry.pins, entry.leafPins, entry.issuerPins]) {
    for (const { expires } of list ?? []) next = earliest(next, expires, now)
  }
  return nextEnd(paths, now, next)
}

function nextEnd(paths: readonly VerifiedPath[], now: number, next = Number.POSITIVE_INFINITY): number {
  return paths.reduce((soonest, path) => earliest(soonest, endOf(path), now), next)
}

function earliest(known: number, instant: number | undefined, now: number): number {
  return instant !== undefined && instant > now && instant < known ? instant : known
}

/** The first instant at which a path is not valid any more. */
function endOf({ validUntil }: VerifiedPath): number {
  return validUntil + 1
}

function allPins(entry: HostEntry): readonly Pin[] {
  return [...(entry.pins ?? []), ...(entry.leafPins ?? []), ...(entry.issuerPins ?? [])]
}

function expectedPins(entry: HostEntry, now: number): string[] {
  return allPins(entry)
    .filter((pin) => !isExpired(pin, now))
    .map(({ sha256 }) => formatPin(sha256))
}

function expiredPins(entry: HostEntry, paths: readonly VerifiedPath[], now: number): string[] {
  const keys = new Set(distinctCertificates(paths).map(({ keyHash }) => keyHash))
  return allPins(entry)
    .filter((pin) => isExpired(pin, now) && keys.has(pin.sha256))
    .map(({ sha256 }) => formatPin(sha256))
}

function refuse<Code extends FailureCode>(
  entry: HostEntry | undefined,
  code: Code,
  evidence: FailureEvidence[Code],
): Verdict {
  return { decision: 'refuse', entry, error: new PinnedFetchError(code, evidence), changesAt: Number.POSITIVE_INFINITY }
}

function target({ version }: Rules, { host, port }: Call, entry: HostEntry | undefined): Target {
  return {
    host,
    port,
    ...(entry === undefined ? {} : { pattern: entry.pattern.text }),
    ...(version === undefined ? {} : { policyVersion: version }),
  }
}

function distinctCertificates(paths: readonly VerifiedPath[]): Certificate[] {
  return [...new Set(paths.flatMap(({ certificates }) => certificates))]
}

function presentedKeys(path: PathResult): PresentedKey[] {
  if (path.verified === undefined) return path.presented.map((certificate) => presentedKey(certificate, []))
  const { paths } = path.verified
  return distinctCertificates(paths).map((certificate) => presentedKey(certificate, paths))
}

function presentedKey(certificate: Certificate, paths: readonly VerifiedPath[]): PresentedKey {
  const isAnchor = paths.some(({ certificates }) => certificates.at(-1) === certificate)
  const isLeaf =
    paths.length === 0 ? !certificate.isCa : paths.some(({ certificates }) => certificates[0] === certificate)
  return {
    pin: formatPin(certificate.keyHash),
    subject: certificate.title,
    role: isLeaf ? 'leaf' : isAnchor ? 'anchor' : 'intermediate',
    notAfter: new Date(certificate.notAfter).toISOString(),
  }
}
