/**
 * What `rotate abort` does: takes a rotation back. A candidate goes, be it one that waits for the rotation function; after `promote` the policy of before comes back, as a
 * version of its own with a higher serial, or by its stage where no document has a serial (see rollback).
 */

import { textOfDocument, withSerial } from '../../policy/revision.ts'
import {
  nextSerial,
  PENDING,
  planMark,
  planReplace,
  planResume,
  planUndoByStage,
  type Rotation,
  type Step,
  TESTED,
  take,
} from '../../policy/rotation.ts'
import { planWithdraw } from '../../policy/rotation-proposal.ts'
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
  const { rotation, secret, versions } = standing
  const { current } = rotation
  const withdrawn = planWithdraw(versions)
  const isOurs = standing.proposal !== undefined || (rotation.phase === 'idle' && withdrawn.length > 0)
  switch (rotation.phase) {
    case 'idle':
      return isOurs ? planBack(standing) : { steps: [], how: 'no rotation is under way' }
    case 'pending': {
      const { candidate } = rotation
      const labels = [PENDING, TESTED].filter((stage) => candidate.stages.includes(stage))
      return {
        steps: [...withdrawn, ...labels.map((stage) => take(stage, candidate.id))],
        how: `the candidate, version ${candidate.id}, is given up; version ${current.id} stays current`,
      }
    }
    case 'promoted': {
      if (isOurs) return planBack(standing)
      const { steps, how } = planUndo(standing, rotation)
      return { steps: [...withdrawn, ...steps], how }
    }
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

/** Takes back what waits for the rotation function, and leaves a promoted rotation alone. */
function planBack({ secret, rotation, versions, proposal }: Standing): Plan {
  const what =
    proposal === undefined ? 'an approval without its candidate' : `the candidate, version ${proposal.candidate.id},`
  const more =
    rotation.phase === 'promoted' ? `; rotate abort ${secret.id} once more takes the promoted rotation back` : ''
  return {
    steps: planWithdraw(versions),
    how: `${what} is given up; version ${rotation.current.id} stays current${more}`,
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
    const tested = current.stages.includes(TESTED) ? [take(TESTED, current.id)] : []
    const how = `AWSCURRENT moves back to version ${previous.id}: no document has a serial, so guards take any; the rotation is over`
    return { steps: [...planUndoByStage(current.id, previous.id), ...tested], how }
  }
  if (before.isSigned) {
    throw refusal(
      `the policy of before is signed: with another serial its signature is good no more`,
      `pull it (secret:${secret.id}#AWSPREVIOUS), give it serial ${serial}, sign it, push it; then rotate abort ${secret.id}`,
    )
  }
  const text = textOfDocument(withSerial(before.document, serial))
  const how = `the policy of version ${previous.id} is current again, with serial ${serial}, since guards refuse one that falls; the rotation is over`
  return { steps: [...planMark(current), ...planReplace('undo', current.id, text)], how }
}
