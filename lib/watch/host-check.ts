/**
 * One host as it was seen, held against a policy: the judge's verdict, and what a person wants to know about the keys
 * behind it. A function of its arguments; its result is what `check` and `audit` print as JSON, so every date is text.
 */

import { HOST_REFUSALS } from '../events.ts'
import { judge, judgeCall, type Rules, type Verdict } from '../judge.ts'
import { pinListsOf } from '../policy/difference.ts'
import type { HostEntry, Policy } from '../policy/document.ts'
import { daysUntil, formatInstant } from '../policy/instant.ts'
import { formatPin, type Pin } from '../policy/pin.ts'
import type { Certificate } from '../x509/certificate.ts'
import type { Seen, Sighting, Unseen } from './look.ts'

export type HostState = 'accepted' | 'reported' | 'refused' | 'unreachable'

/** One pin of the entry that covers the host. */
export interface PinView {
  readonly list: 'pins' | 'leafPins' | 'issuerPins'
  /** `sha256/<base64>`. */
  readonly pin: string
  readonly name?: string
  readonly isFirst: boolean
  readonly expires?: string
  readonly daysLeft?: number
  /** Whether a verified path of the host holds the key, where the list counts. */
  readonly isSeen: boolean
}

/** One certificate of the path, the leaf first; of an unverified one, as it was sent. */
export interface KeyView {
  readonly role: 'leaf' | 'issuer' | 'root'
  readonly subject: string
  readonly pin: string
  readonly notBefore: string
  readonly notAfter: string
  readonly daysLeft: number
  readonly isPinned: boolean
  /** What the policy calls the key. */
  readonly name?: string
}

export interface HostCheck {
  readonly host: string
  readonly port: number
  /** The entry that covers it; unset: none does, and the default speaks. */
  readonly pattern?: string
  readonly state: HostState
  /** Of a refusal or a report: ours, or Node's; of a host that could not be asked: the network's. */
  readonly code?: string
  /** Why, for people; several lines. */
  readonly problem?: string
  readonly hint?: string
  /** The pin that matched, by its place in `pins`. */
  readonly matched?: PinView
  readonly isVerified: boolean
  readonly path: readonly KeyView[]
  readonly pins: readonly PinView[]
  /** Only a pin that is not the first of its list matched: the host has changed its key. Unset: no. */
  readonly isDrifted?: true
  /** Pins that could still match, and that no verified path of the host holds: its backups. Unset: no verified path. */
  readonly unseenPins?: number
  /** Days until the first certificate of the path ends; unset: no verified path. */
  readonly certificateDaysLeft?: number
  /** Days until the first unexpired pin ends; unset: none does. */
  readonly pinDaysLeft?: number
  /** When the entry ends. */
  readonly expires?: string
}

export function checkHost(rules: Rules, sighting: Sighting, now: number): HostCheck {
  const { call } = sighting
  const entry = rules.policy.hosts.find(call.host, call.port)
  const place = {
    host: call.host,
    port: call.port,
    ...(entry === undefined ? {} : { pattern: entry.pattern.text }),
    ...(entry?.expires === undefined ? {} : { expires: formatInstant(entry.expires) }),
  }
  if (sighting.path === undefined) {
    const pins = pinViews(entry, [], now)
    return { ...place, ...unreachable(sighting), isVerified: false, path: [], pins, ...pinEnd(pins) }
  }
  const verdict = verdictOf(rules, sighting, now)
  const paths = (sighting.path.verified?.paths ?? []).map(({ certificates }) => certificates)
  const pins = pinViews(entry, paths, now)
  const shown = shownPath(sighting, verdict)
  return {
    ...place,
    ...outcomeOf(verdict, sighting),
    ...matchedOf(verdict, pins),
    isVerified: sighting.path.verified !== undefined,
    path: shown.map((certificate, index) =>
      // What was only sent proves nothing, so no pin stands for it (CVE-2016-2402).
      keyView(certificate, roleOf(index, shown.length), paths.length === 0 ? undefined : entry, now),
    ),
    pins,
    ...driftOf(verdict, sighting),
    ...(paths.length === 0 || entry === undefined ? {} : { unseenPins: countBackups(pins, rules.policy) }),
    ...(paths.length === 0
      ? {}
      : { certificateDaysLeft: Math.min(...shown.map((one) => daysUntil(one.notAfter, now))) }),
    ...pinEnd(pins),
  }
}

function unreachable({ code, reason, hint }: Unseen): Pick<HostCheck, 'state' | 'code' | 'problem' | 'hint'> {
  return {
    state: 'unreachable',
    ...(code === undefined ? {} : { code }),
    problem: reason,
    ...(hint === undefined ? {} : { hint }),
  }
}

function verdictOf(rules: Rules, { call, path, trustId }: Seen, now: number): Verdict {
  const admission = judgeCall(rules, call)
  return admission.decision === 'refuse' ? admission : judge(rules, call, { path, trustId }, now)
}

/** A guard opens no connection to a host that it may not call, and else refuses what Node refuses, whatever the pins say. */
function outcomeOf(verdict: Verdict, { problem, path }: Seen): Pick<HostCheck, 'state' | 'code' | 'problem'> {
  if (problem !== undefined && !isHostRefusal(verdict)) {
    const reason = path.verified === undefined ? `: ${path.reason}` : ''
    return { state: 'refused', code: problem, problem: `Node refuses its certificates${reason}` }
  }
  if (verdict.decision === 'accept') return { state: 'accepted' }
  const { code, message } = verdict.error
  return { state: verdict.decision === 'report' ? 'reported' : 'refused', code, problem: message }
}

function isHostRefusal(verdict: Verdict): boolean {
  return verdict.decision === 'refuse' && HOST_REFUSALS.has(verdict.error.code)
}

function matchedOf(verdict: Verdict, pins: readonly PinView[]): Pick<HostCheck, 'matched'> {
  const pin = verdict.decision === 'accept' ? verdict.pin : undefined
  const matched = pins.find((view) => pin !== undefined && view.pin === formatPin(pin.sha256) && view.isSeen)
  return matched === undefined ? {} : { matched }
}

/** Of the verdict, not of the pin that is told: where two lists must match, either may have moved. */
function driftOf(verdict: Verdict, { problem }: Seen): Pick<HostCheck, 'isDrifted'> {
  return problem === undefined && verdict.decision === 'accept' && verdict.isBackup ? { isDrifted: true } : {}
}

/** A pin that has expired, or that is denied, is nobody's backup. */
function countBackups(pins: readonly PinView[], { deny }: Policy): number {
  const denied = new Set([...deny].map(formatPin))
  const backups = pins.filter(({ pin, isSeen, daysLeft = 0 }) => !isSeen && daysLeft >= 0 && !denied.has(pin))
  return new Set(backups.map(({ pin }) => pin)).size
}

/** The path that the verdict rests on, as far as one can be told; else what was sent. */
function shownPath({ path }: Seen, verdict: Verdict): readonly Certificate[] {
  if (path.verified === undefined) return path.presented
  const pinned = verdict.decision === 'accept' ? verdict.pin?.sha256 : undefined
  const paths = path.verified.paths.map(({ certificates }) => certificates)
  return paths.find((certificates) => certificates.some(({ keyHash }) => keyHash === pinned)) ?? paths[0] ?? []
}

function roleOf(index: number, length: number): KeyView['role'] {
  if (index === 0) return 'leaf'
  return index === length - 1 ? 'root' : 'issuer'
}

function keyView(certificate: Certificate, role: KeyView['role'], entry: HostEntry | undefined, now: number): KeyView {
  const pin = pinOfKey(certificate.keyHash, role === 'leaf', entry, now)
  return {
    role,
    subject: certificate.title,
    pin: formatPin(certificate.keyHash),
    notBefore: formatInstant(certificate.notBefore),
    notAfter: formatInstant(certificate.notAfter),
    daysLeft: daysUntil(certificate.notAfter, now),
    isPinned: pin !== undefined,
    ...(pin?.name === undefined ? {} : { name: pin.name }),
  }
}

/** The pin that a key of the path stands under, in a list that counts for its place. */
function pinOfKey(keyHash: string, isLeaf: boolean, entry: HostEntry | undefined, now: number): Pin | undefined {
  const lists = [entry?.pins, isLeaf ? entry?.leafPins : entry?.issuerPins]
  return lists.flatMap((pins) => pins ?? []).find((pin) => pin.sha256 === keyHash && !(Number(pin.expires) <= now))
}

function pinViews(
  entry: HostEntry | undefined,
  paths: readonly (readonly Certificate[])[],
  now: number,
): readonly PinView[] {
  if (entry === undefined) return []
  return pinListsOf(entry).flatMap(([list, pins]) => {
    const from = list === 'issuerPins' ? 1 : 0
    const to = list === 'leafPins' ? 1 : undefined
    const seen = new Set(paths.flatMap((path) => path.slice(from, to).map(({ keyHash }) => keyHash)))
    return pins.map(({ sha256, name, expires }, index) => ({
      list,
      pin: formatPin(sha256),
      ...(name === undefined ? {} : { name }),
      isFirst: index === 0,
      ...(expires === undefined ? {} : { expires: formatInstant(expires), daysLeft: daysUntil(expires, now) }),
      isSeen: seen.has(sha256),
    }))
  })
}

function pinEnd(pins: readonly PinView[]): Pick<HostCheck, 'pinDaysLeft'> {
  const ends = pins.map(({ daysLeft }) => daysLeft).filter((days) => days !== undefined && days >= 0) as number[]
  return ends.length === 0 ? {} : { pinDaysLeft: Math.min(...ends) }
}
