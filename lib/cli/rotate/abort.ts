/**
 * What `rotate abort` does: takes a rotation back. A candidate goes, be it one that waits for the rotation function;
 * after `promote` the policy of before comes back, as a version of its own with a higher serial, or by its stage where no
 * document has a serial (see rollback), unless a host that passes now would fail.
 */

import type { Policy } from '../../policy/document.ts'
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
import { outlookOf, refuseOutage, textOfOutlook } from '../hosts/outlook.ts'
import { mayTidy, writeIfAgreed } from '../secret/agreement.ts'
import type { WriteOptions } from '../secret/review.ts'
import type { Context, Work } from '../verb.ts'
import type { LookOptions } from './options.ts'
import { atRotation, perform, policyOf, refusal, type Standing } from './standing.ts'

interface Plan {
  readonly steps: readonly Step[]
  /** What is done, as a sentence. */
  readonly how: string
  /** The policy that will be current; unset: the one that is. */
  readonly next?: Policy
}

export type AbortOptions = LookOptions & WriteOptions

export const abort: Work<[string, AbortOptions]> = async (context, place, options) =>
  await atRotation(place, context, async (standing) => {
    const { secret, rotation } = standing
    const plan = planOf(standing)
    const { steps, how, next } = plan
    const told = `secret "${secret.id}": ${how}`
    if (steps.length === 0) {
      if (mayTidy(options, context)) await perform(standing, [])
      context.voice.result({ phase: rotation.phase, how, written: false }, told)
      return EXIT.ok
    }
    const hosts = next === undefined ? undefined : await lookAhead(standing, next, options, context)
    return await writeIfAgreed(context, options, {
      question: `take this back in secret "${secret.id}"?`,
      text: [...(hosts === undefined ? [] : [textOfOutlook(hosts, context.voice)]), told].join('\n'),
      value: () => ({ phase: rotation.phase, how, hosts }),
      write: () => perform(standing, steps),
      done: '',
    })
  })

/** What becomes of the hosts. @throws {CommandError} with exit code 4 where one would fail that passes now */
async function lookAhead(standing: Standing, after: Policy, options: AbortOptions, context: Context) {
  const before = policyOf(standing, standing.rotation.current).policy
  const hosts = await outlookOf({ before, after }, options, context)
  refuseOutage(hosts, options, context)
  return hosts
}

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
      const { steps, ...undo } = planUndo(standing, rotation)
      return { ...undo, steps: [...withdrawn, ...steps] }
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
    case 'undone': {
      const next = 'next' in rotation ? { next: policyOf(standing, rotation.next).policy } : {}
      return {
        ...next,
        steps: planResume(rotation),
        how: 'the policy of before is current again; the rotation is over',
      }
    }
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
    return { steps: [...planUndoByStage(current.id, previous.id), ...tested], how, next: before.policy }
  }
  if (before.isSigned) {
    throw refusal(
      `the policy of before is signed: with another serial its signature is good no more`,
      [
        `pinned-fetch pull ${secret.id}#AWSPREVIOUS pins.json --unsigned`,
        `write "serial": ${serial} into pins.json`,
        'pinned-fetch sign pins.json --key private.pem --expires 90d --out signed.json',
        `pinned-fetch push signed.json ${secret.id} --expect ${current.id}`,
        `pinned-fetch rotate abort ${secret.id}`,
      ].join('; '),
    )
  }
  const text = textOfDocument(withSerial(before.document, serial))
  const how = `the policy of version ${previous.id} is current again, with serial ${serial}, since guards refuse one that falls; the rotation is over`
  return { steps: [...planMark(current), ...planReplace('undo', current.id, text)], how, next: before.policy }
}
