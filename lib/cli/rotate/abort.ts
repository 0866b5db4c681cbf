/**
 * What `rotate abort` does: takes a rotation back. A candidate goes; after `promote` the policy of before comes back, as a
 * version of its own with a higher serial, or by its stage where no document has a serial (see rollback).
 */

import { textOfDocument, withSerial } from '../../policy/revision.ts'
import {
  nextSerial,
  PENDING,
  planReplace,
  planResume,
  planUndoByStage,
  type Rotation,
  type Step,
  take,
} from '../../policy/rotation.ts'
import { EXIT } from '../failure.ts'
import { DRY_RUN, mayWrite, type WriteOptions } from '../secret/review.ts'
import type { Work } from '../verb.ts'
import { atRotation, perform, policyOf, refusal, type Standing } from './standing.ts'

interface Plan {
  readonly steps: readonly Step[]
  /** What is done, as a sentence. */
  readonly how: string
}

export const abort: Work<[string, WriteOptions]> = async (context, place, options) =>
  await atRotation(place, context, async (standing) => {
    const { world, voice } = context
    const { steps, how } = planOf(standing)
    const isWritten = mayWrite(options, world)
    if (isWritten) await perform(standing, steps)
    voice.result(
      { phase: standing.rotation.phase, how, written: isWritten && steps.length > 0 },
      `secret "${standing.secret.id}": ${how}`,
    )
    if (!isWritten && steps.length > 0) voice.say(DRY_RUN)
    return isWritten || steps.length === 0 ? EXIT.ok : EXIT.findings
  })

function planOf(standing: Standing): Plan {
  const { rotation, secret } = standing
  const { current } = rotation
  switch (rotation.phase) {
    case 'idle':
      return { steps: [], how: 'no rotation is under way' }
    case 'pending':
      return {
        steps: [take(PENDING, rotation.candidate.id)],
        how: `the candidate, version ${rotation.candidate.id}, is given up; version ${current.id} stays current`,
      }
    case 'promoted':
      return planUndo(standing, rotation)
    case 'retiring':
      return {
        steps: [{ call: 'move', stage: PENDING, from: rotation.next.id, to: current.id }],
        how: `the retiring is given up, and the rotation is promoted again; rotate abort ${secret.id} once more takes that back`,
      }
    case 'retired':
      return {
        steps: planResume(rotation),
        how: `the old pins are gone already, and the rotation is over; pinned-fetch rollback ${secret.id} brings them back`,
      }
    case 'undoing':
    case 'undone':
      return { steps: planResume(rotation), how: 'the policy of before is current again; the rotation is over' }
  }
}

function planUndo(standing: Standing, { current, previous }: Extract<Rotation, { phase: 'promoted' }>): Plan {
  const { secret } = standing
  if (previous === undefined) {
    throw refusal('there is no version of before', `end the rotation: rotate retire ${secret.id} --keep`)
  }
  const before = policyOf(standing, previous)
  const serial = nextSerial([before.policy, policyOf(standing, current).policy])
  if (serial === undefined) {
    const how = `AWSCURRENT moves back to version ${previous.id}: no document has a serial, so guards take any; the rotation is over`
    return { steps: planUndoByStage(current.id, previous.id), how }
  }
  if (before.isSigned) {
    throw refusal(
      `the policy of before is signed: with another serial its signature is good no more`,
      `pull it (secret:${secret.id}#AWSPREVIOUS), give it serial ${serial}, sign it, push it; then rotate abort ${secret.id}`,
    )
  }
  const text = textOfDocument(withSerial(before.document, serial))
  const how = `the policy of version ${previous.id} is current again, with serial ${serial}, since guards refuse one that falls; the rotation is over`
  return { steps: planReplace('undo', current.id, text), how }
}
