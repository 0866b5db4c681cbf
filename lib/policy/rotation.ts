/**
 * The staged life of a policy in a secret, as a pure plan: from what the secret's stages say to where a rotation is, and
 * to the calls that a step takes.
 *
 *     idle ── start ──> pending ── promote ──> promoted ── retire ──> idle
 *       <──── abort ──────┘  <────── abort (undo) ──┘
 *
 * The state is in the secret and nowhere else. AWSPENDING marks the rotation: on a version that is not current, that is
 * the candidate; on the current one, the candidate was promoted. Secrets Manager takes AWSPENDING for rotations of its
 * own, and may take it away, so a version that the rotation function promoted is known by {@link TESTED} as well. What a version was written for is in its id, which is
 * made of the step, the version it was made for, and its text: so a step that was interrupted after any call is
 * recognised and goes on, and a step done twice is done once. A move names the version that it takes a stage from, and
 * AWS refuses it when the stage is elsewhere by then.
 *
 * Not here: the calls themselves (cli/secret/), hosts (cli/rotate/), what the rotation function does (rotation-steps.ts).
 */

import { createHash } from 'node:crypto'
import { pinListsOf } from './difference.ts'
import type { HostEntry, Policy } from './document.ts'
import type { PinPlace } from './revision.ts'

export const CURRENT = 'AWSCURRENT'
export const PENDING = 'AWSPENDING'
export const PREVIOUS = 'AWSPREVIOUS'

/**
 * Holds a version between being written and getting its stage: AWS gives a version without any stage AWSCURRENT at once,
 * and takes a stage that PutSecretValue names from whoever has it, unasked.
 */
export const DRAFT = 'PinnedFetchDraft'

/** On the version that the rotation function saw every host pass under; it stays there after the promotion. */
export const TESTED = 'PinnedFetchTested'

/** One version of a secret. */
export interface StagedVersion {
  readonly id: string
  readonly stages: readonly string[]
  /** What is in it, where that is known. */
  readonly text?: string | undefined
}

/** What a version is written for. */
export type Purpose = 'start' | 'propose' | 'retire' | 'undo' | 'push' | 'rollback'

/** One call to Secrets Manager. */
export type Step =
  /** A new version with {@link DRAFT} alone; nothing happens where it exists. */
  | { readonly call: 'put'; readonly id: string; readonly text: string }
  /** Moves a stage, or with one end only attaches it or takes it away. */
  | {
      readonly call: 'move'
      readonly stage: string
      readonly from?: string | undefined
      readonly to?: string | undefined
    }

export type Rotation =
  /** No rotation is under way. */
  | { readonly phase: 'idle'; readonly current: StagedVersion; readonly previous: StagedVersion | undefined }
  /** A candidate waits. `base` tells whether it was made for the version that is current. */
  | {
      readonly phase: 'pending'
      readonly current: StagedVersion
      readonly candidate: StagedVersion
      readonly base: 'current' | 'moved' | 'unknown'
    }
  /** The candidate is current; the pins of before are still in it. */
  | { readonly phase: 'promoted'; readonly current: StagedVersion; readonly previous: StagedVersion | undefined }
  /** `retire`, or the undoing of `promote`, was interrupted: its version is written and not current yet. */
  | { readonly phase: 'retiring' | 'undoing'; readonly current: StagedVersion; readonly next: StagedVersion }
  /** The same, and its version is current: only AWSPENDING is left to be taken away. */
  | { readonly phase: 'retired' | 'undone'; readonly current: StagedVersion }

/** @returns `undefined` where nothing is current */
export function rotationOf(versions: readonly StagedVersion[]): Rotation | undefined {
  const [current, pending, previous] = [CURRENT, PENDING, PREVIOUS].map((stage) => holderOf(versions, stage))
  if (current === undefined) return undefined
  if (pending === undefined) return { phase: current.stages.includes(TESTED) ? 'promoted' : 'idle', current, previous }
  if (pending === current) {
    if (isFor('retire', current, previous)) return { phase: 'retired', current }
    if (isFor('undo', current, previous)) return { phase: 'undone', current }
    return { phase: 'promoted', current, previous }
  }
  if (isFor('retire', pending, current)) return { phase: 'retiring', current, next: pending }
  if (isFor('undo', pending, current)) return { phase: 'undoing', current, next: pending }
  const base = isFor('start', pending, current) ? 'current' : isOfPlan(pending.id) ? 'moved' : 'unknown'
  return { phase: 'pending', current, candidate: pending, base }
}

/** The version that has a stage. */
export function holderOf(versions: readonly StagedVersion[], stage: string): StagedVersion | undefined {
  return versions.find(({ stages }) => stages.includes(stage))
}

/** Whether a version was written for this purpose, when `base` was current. */
export function isFor(purpose: Purpose, { id, text }: StagedVersion, base: StagedVersion | undefined): boolean {
  return base !== undefined && text !== undefined && id === versionIdFor(purpose, base.id, text)
}

/**
 * The id of the version that a step writes: a UUID of version 8 (RFC 9562 section 5.8), of the digest of all that it
 * stands for. It becomes the `ClientRequestToken`, so that AWS makes one version of it, however often it is asked.
 *
 * @param base the id of the version that was current; empty: none
 */
export function versionIdFor(purpose: Purpose, base: string, text: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify(['pinned-fetch', purpose, base, text]))
    .digest()
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x80, 6)
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8)
  const hexadecimal = digest.toString('hex')
  const parts = [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ] as const
  return parts.map(([from, to]) => hexadecimal.slice(from, to)).join('-')
}

/** Whether an id was made by {@link versionIdFor}, and not at random. */
export function isOfPlan(id: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)
}

/** Puts a text where AWSCURRENT is: `push`, `rollback`. */
export function planPublish(purpose: Purpose, current: string | undefined, text: string): readonly Step[] {
  const id = versionIdFor(purpose, current ?? '', text)
  return [put(id, text), { call: 'move', stage: CURRENT, from: current, to: id }, take(DRAFT, id)]
}

/** Writes a candidate. Only from `idle`. */
export function planStart(current: string, text: string): readonly Step[] {
  const id = versionIdFor('start', current, text)
  return [put(id, text), { call: 'move', stage: PENDING, to: id }, take(DRAFT, id)]
}

/** Makes the candidate current. One call; AWS moves AWSPREVIOUS along. */
export function planPromote(current: string, candidate: string): readonly Step[] {
  return [{ call: 'move', stage: CURRENT, from: current, to: candidate }]
}

/** Puts a text in the place of the promoted version, and ends the rotation. What is promoted has AWSPENDING. */
export function planReplace(purpose: 'retire' | 'undo', current: string, text: string): readonly Step[] {
  const id = versionIdFor(purpose, current, text)
  const move = (stage: string): Step => ({ call: 'move', stage, from: current, to: id })
  return [put(id, text), move(PENDING), move(CURRENT), take(PENDING, id), take(DRAFT, id)]
}

/** Gives AWSPENDING back to a promoted version that lost it to Secrets Manager. */
export function planMark({ id, stages }: StagedVersion): readonly Step[] {
  return stages.includes(PENDING) ? [] : [{ call: 'move', stage: PENDING, to: id }]
}

/** Ends the rotation, and leaves what was promoted as it is. */
export function planEnd({ id, stages }: StagedVersion): readonly Step[] {
  return [PENDING, TESTED].filter((stage) => stages.includes(stage)).map((stage) => take(stage, id))
}

/** Goes on where {@link planReplace} was interrupted. */
export function planResume(
  rotation: Extract<Rotation, { phase: 'retiring' | 'undoing' | 'retired' | 'undone' }>,
): readonly Step[] {
  if (!('next' in rotation)) return [take(PENDING, rotation.current.id)]
  const { current, next } = rotation
  return [{ call: 'move', stage: CURRENT, from: current.id, to: next.id }, take(PENDING, next.id)]
}

/** Moves AWSCURRENT back to the version of before, which leaves the candidate pending, and takes that away. */
export function planUndoByStage(current: string, previous: string): readonly Step[] {
  return [{ call: 'move', stage: CURRENT, from: current, to: previous }, take(PENDING, current)]
}

/** Takes a stage away from the version that has it. */
export function take(stage: string, from: string): Step {
  return { call: 'move', stage, from }
}

function put(id: string, text: string): Step {
  return { call: 'put', id, text }
}

/**
 * The pins that a rotation leads away from: where it changed a list, the first pin of the list of before, which stood
 * for the key in use, if it is still there.
 */
export function outgoingPins(previous: Policy, current: Policy): readonly PinPlace[] {
  const before = new Map([...previous.hosts.entries()].map((entry) => [entry.pattern.text, entry]))
  return [...current.hosts.entries()].flatMap((entry) => {
    const earlier = before.get(entry.pattern.text)
    return earlier === undefined ? [] : outgoingOf(earlier, entry)
  })
}

function outgoingOf(before: HostEntry, after: HostEntry): PinPlace[] {
  return pinListsOf(after).flatMap(([list, pins]) => {
    const former = before[list]?.map(({ sha256 }) => sha256) ?? []
    const now = pins.map(({ sha256 }) => sha256)
    const [first] = former
    const isSame = former.join() === now.join()
    if (isSame || first === undefined || !now.includes(first)) return []
    return [{ pattern: after.pattern.text, list, sha256: first }]
  })
}

/** The serial of a document that takes the place of others: above all of theirs; `undefined` where none has one. */
export function nextSerial(policies: readonly Policy[]): number | undefined {
  const serials = policies.map(({ serial }) => serial).filter((serial) => serial !== undefined)
  return serials.length === 0 ? undefined : Math.max(...serials) + 1
}
