/**
 * One host, held against the policy: the judge's verdict, and what a person wants to know about the keys behind it. A
 * function of its arguments; its result is what `check` and `audit` print as JSON, so every date is text.
 */

import { type Call, judge, judgeCall, type Rules, type Verdict } from '../../judge.ts'
import { pinListsOf } from '../../policy/difference.ts'
import type { HostEntry } from '../../policy/document.ts'
import { formatPin, type Pin } from '../../policy/pin.ts'
import type { Certificate } from '../../x509/certificate.ts'
import { daysUntil, formatInstant } from '../instant.ts'
import type { Shown, Unseen } from './evidence.ts'

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
  /** Of a refusal or a report: ours, or Node's. */
  readonly code?: string
  /** Why, for people; several lines. */
  readonly problem?: string
  readonly hint?: string
  /** The pin that matched, by its place in `pins`. */
  readonly matched?: PinView
  readonly isVerified: boolean
  readonly path: readonly KeyView[]
  readonly pins: readonly PinView[]
  /** Days until the first certificate of the path ends; unset: no verified path. */
  readonly certificateDaysLeft?: number
  /** Days until the first unexpired pin ends; unset: none does. */
  readonly pinDaysLeft?: number
  /** When the entry ends. */
  readonly expires?: string
}

export function checkHost(rules: Rules, call: Call, evidence: Shown | Unseen, now: number): HostCheck {
  const entry = rules.policy.hosts.find(call.host, call.port)
  const place = {
    host: call.host,
    port: call.port,
    ...(entry === undefined ? {} : { pattern: entry.pattern.text }),
    ...(entry?.expires === undefined ? {} : { expires: formatInstant(entry.expires) }),
  }
  if (evidence.path === undefined) {
    const pins = pinViews(entry, [], now)
    const { reason: problem, hint } = evidence
    return { ...place, state: 'unreachable', problem, hint, isVerified: false, path: [], pins, ...pinEnd(pins) }
  }
  const verdict = verdictOf(rules, call, evidence, now)
  const paths = (evidence.path.verified?.paths ?? []).map(({ certificates }) => certificates)
  const pins = pinViews(entry, paths, now)
  const shown = shownPath(evidence, verdict)
  return {
    ...place,
    ...outcomeOf(verdict, evidence),
    ...matchedOf(verdict, pins),
    isVerified: evidence.path.verified !== undefined,
    path: shown.map((certificate, index) =>
      // What was only sent proves nothing, so no pin stands for it (CVE-2016-2402).
      keyView(certificate, roleOf(index, shown.length), paths.length === 0 ? undefined : entry, now),
    ),
    pins,
    ...(paths.length === 0
      ? {}
      : { certificateDaysLeft: Math.min(...shown.map((one) => daysUntil(one.notAfter, now))) }),
    ...pinEnd(pins),
  }
}

function verdictOf(rules: Rules, call: Call, { path, trustId }: Shown, now: number): Verdict {
  const admission = judgeCall(rules, call, now)
  return admission.decision === 'refuse' ? admission : judge(rules, call, { path, trustId }, now)
}

/** A guard refuses what Node refuses, whatever the pins say. */
function outcomeOf(verdict: Verdict, { problem, path }: Shown): Pick<HostCheck, 'state' | 'code' | 'problem'> {
  if (problem !== undefined) {
    const reason = path.verified === undefined ? `: ${path.reason}` : ''
    return { state: 'refused', code: problem, problem: `Node refuses its certificates${reason}` }
  }
  if (verdict.decision === 'accept') return { state: 'accepted' }
  const { code, message } = verdict.error
  return { state: verdict.decision === 'report' ? 'reported' : 'refused', code, problem: message }
}

function matchedOf(verdict: Verdict, pins: readonly PinView[]): Pick<HostCheck, 'matched'> {
  const pin = verdict.decision === 'accept' ? verdict.pin : undefined
  const matched = pins.find((view) => pin !== undefined && view.pin === formatPin(pin.sha256) && view.isSeen)
  return matched === undefined ? {} : { matched }
}

/** The path that the verdict rests on, as far as one can be told; else what was sent. */
function shownPath({ path }: Shown, verdict: Verdict): readonly Certificate[] {
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
