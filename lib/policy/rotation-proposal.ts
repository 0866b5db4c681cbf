/**
 * A candidate that waits for the rotation function, and what is said of it before it may become current.
 *
 *     propose ──> PinnedFetchCandidate ── approve ──> PinnedFetchApproved, on the same version
 *
 * It waits on a label of its own, since RotateSecret refuses while AWSPENDING hangs on another version than the current
 * one. Approval is of one version, and so of one text made for one base: on any other version it counts for nothing.
 */

import { pinListsOf } from './difference.ts'
import type { HostEntry, Policy } from './document.ts'
import { type Hazard, hazardsOf } from './hazard.ts'
import {
  CURRENT,
  DRAFT,
  holderOf,
  isFor,
  isOfPlan,
  type StagedVersion,
  type Step,
  take,
  versionIdFor,
} from './rotation.ts'
import { takeoversOf } from './takeover.ts'

/** On the version that somebody proposes. */
export const CANDIDATE = 'PinnedFetchCandidate'

/** On the same version, once somebody else has approved it. */
export const APPROVED = 'PinnedFetchApproved'

/** A candidate that waits. */
export interface Proposal {
  readonly candidate: StagedVersion
  readonly isApproved: boolean
  /** Whether it was made for the version that is current. */
  readonly base: 'current' | 'moved' | 'unknown'
}

/** @returns `undefined` also where what was proposed is current already */
export function proposalOf(versions: readonly StagedVersion[]): Proposal | undefined {
  const candidate = holderOf(versions, CANDIDATE)
  const current = holderOf(versions, CURRENT)
  if (candidate === undefined || candidate === current || isSame(candidate, current)) return undefined
  const base = isFor('propose', candidate, current) ? 'current' : isOfPlan(candidate.id) ? 'moved' : 'unknown'
  return { candidate, isApproved: candidate.stages.includes(APPROVED), base }
}

/** Writes a candidate. */
export function planPropose(versions: readonly StagedVersion[], current: string, text: string): readonly Step[] {
  const id = versionIdFor('propose', current, text)
  const from = holderOf(versions, CANDIDATE)?.id
  return [{ call: 'put', id, text }, { call: 'move', stage: CANDIDATE, from, to: id }, take(DRAFT, id)]
}

export function planApprove(versions: readonly StagedVersion[], candidate: string): readonly Step[] {
  return [{ call: 'move', stage: APPROVED, from: holderOf(versions, APPROVED)?.id, to: candidate }]
}

/** Takes a candidate back, its approval first. */
export function planWithdraw(versions: readonly StagedVersion[]): readonly Step[] {
  return [APPROVED, CANDIDATE].flatMap((stage) => {
    const holder = holderOf(versions, stage)
    return holder === undefined ? [] : [take(stage, holder.id)]
  })
}

/** Takes the labels from a candidate that became current. */
export function leftOf(versions: readonly StagedVersion[], current: StagedVersion): readonly Step[] {
  const candidate = holderOf(versions, CANDIDATE)
  if (candidate === undefined || !isSame(candidate, current)) return []
  return [APPROVED, CANDIDATE]
    .filter((stage) => candidate.stages.includes(stage))
    .map((stage) => take(stage, candidate.id))
}

/** What speaks against a candidate, whatever its hosts show: all that `push` refuses. */
export function objectionsTo(
  candidate: { readonly policy: Policy; readonly isSigned: boolean },
  current: { readonly policy: Policy; readonly isSigned: boolean },
  now: number,
): readonly Hazard[] {
  const message = 'is gone: guards that demand a signature refuse the document and go on with theirs'
  const unsigned: readonly Hazard[] =
    current.isSigned && !candidate.isSigned ? [{ code: 'signature-gone', path: 'signature', message }] : []
  return [
    ...unsigned,
    ...hazardsOf(current.policy, candidate.policy, now),
    ...takeoversOf(current.policy, candidate.policy),
  ]
}

/** The patterns whose hosts a policy may accept less of than another: those that came, and those with other keys. */
export function touchedPatterns(from: Policy, to: Policy): readonly string[] {
  const isDeniedMore = [...to.deny].some((key) => !from.deny.has(key))
  const before = new Map([...from.hosts.entries()].map((entry) => [entry.pattern.text, keysOf(entry)]))
  return [...to.hosts.entries()]
    .filter((entry) => isDeniedMore || before.get(entry.pattern.text) !== keysOf(entry))
    .map(({ pattern }) => pattern.text)
}

function keysOf(entry: HostEntry): string {
  const lists = pinListsOf(entry).map(([list, pins]) => [
    list,
    pins.map(({ sha256, expires }) => [sha256, expires ?? 0]),
  ])
  return JSON.stringify([lists, entry.anchors ?? [], mercyOf(entry)])
}

/** What lets a call through that no pin matches: where less of it is left, calls may fail. */
function mercyOf({ mode, reportUntil, expires, onExpiry }: HostEntry): readonly unknown[] {
  return [mode, reportUntil ?? 0, onExpiry === 'report' ? expires : 0]
}

/** Whether two versions hold the same text. */
export function isSame(one: StagedVersion, other: StagedVersion | undefined): boolean {
  return one.text !== undefined && one.text === other?.text
}
