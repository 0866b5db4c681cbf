/**
 * A policy before and after an edit: what is shown of it, and what is refused. `add`, `remove` and `deny` differ in the
 * edit alone, whether they work on a file (edited-file.ts) or on a secret (edited-secret.ts).
 */

import { findPinnedFetchError } from '../../errors.ts'
import { withNextSerial } from '../../policy/edit.ts'
import type { Hazard } from '../../policy/hazard.ts'
import { CommandError, EXIT } from '../failure.ts'
import { policyOfText, type WrittenPolicy } from '../secret/document.ts'
import { type Review, reviewOf, type WriteOptions } from '../secret/review.ts'
import type { Context } from '../verb.ts'

/** `--yes` is for secrets: a file is written at once. */
export type EditOptions = WriteOptions

/** What becomes of the text of a policy. */
export interface Edit {
  readonly text: string
  /** What hurts and only the edit knows. */
  readonly more?: readonly Hazard[]
  /** How to do it without being refused. */
  readonly hint?: string
}

export type Editor = (from: WrittenPolicy) => Edit

/** An edit that may be written. */
export interface Edited {
  readonly to: WrittenPolicy
  readonly review: Review
}

/** @returns `undefined` when there is nothing to change @throws {CommandError} with exit code 4 when it would hurt */
export function editedOf(
  from: WrittenPolicy,
  { text, more = [], hint = 'keep a pin of before beside the new ones; --force does it all the same' }: Edit,
  { force = false }: EditOptions,
  { world, voice }: Context,
): Edited | undefined {
  if (text === from.text) return undefined
  const to = nextPolicy(withNextSerial(text), from.name)
  const review = reviewOf(from, to, world.now())
  const hazards = [...review.hazards, ...more]
  if (hazards.length === 0 || force) return { to, review: { ...review, hazards } }
  for (const { path, message } of hazards) voice.say(`${path} ${message}`)
  const things = hazards.length === 1 ? 'one thing' : `${hazards.length} things`
  throw new CommandError(`this would lock you out of ${things}`, hint, { exitCode: EXIT.refused })
}

/** Text in an envelope can't be changed. @param secret as it is typed */
export function refuseSigned({ name, isSigned }: WrittenPolicy, secret: string): void {
  if (!isSigned) return
  const hint = [
    `pinned-fetch pull ${secret} pins.json --unsigned`,
    'this again, with pins.json',
    'pinned-fetch sign pins.json --key private.pem --expires 90d --out signed.json',
    `pinned-fetch push signed.json ${secret}`,
  ].join('; ')
  throw new CommandError(`${name} is signed, and an edit would break its signature`, hint)
}

function nextPolicy(text: string, name: string): WrittenPolicy {
  try {
    return policyOfText(text, name)
  } catch (cause) {
    const ours = findPinnedFetchError(cause)
    if (ours?.code !== 'ERR_POLICY_MALFORMED') throw cause
    const { path, problem, repair } = ours.evidence
    throw new CommandError(`the policy would be none: ${path} ${problem}`, repair, { exitCode: EXIT.refused, cause })
  }
}
