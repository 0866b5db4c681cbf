/**
 * What `rotate propose` does: parse, lint, and write a candidate for the rotation function, on a label of its own. Its
 * version id holds what it was made for, so that the function can tell when something else has become current.
 *
 * What the function would refuse whatever the hosts show is refused here, before anybody reads it; but for signatures, since
 * only the function knows its keys.
 */

import { versionIdFor } from '../../policy/rotation.ts'
import { CANDIDATE, planPropose } from '../../policy/rotation-proposal.ts'
import { EXIT } from '../failure.ts'
import { mayTidy, writeIfAgreed } from '../secret/agreement.ts'
import { policyOfText, readWritten, type WrittenPolicy } from '../secret/document.ts'
import { reviewOf, textOfReview, type WriteOptions } from '../secret/review.ts'
import type { Context, Work } from '../verb.ts'
import { atRotation, perform, refusal, type Standing } from './standing.ts'

export const propose: Work<[string, string, WriteOptions]> = async (context, place, file, options) => {
  const candidate = await readWritten(file, context.world)
  return await atRotation(place, context, async (standing) => {
    const { secret, rotation, proposal } = standing
    const { current } = rotation
    const version = versionIdFor('propose', current.id, candidate.text)
    const isCurrent = current.text === candidate.text
    if (isCurrent || proposal?.candidate.id === version) {
      if (mayTidy(options, context)) await perform(standing, [])
      const stage = isCurrent ? 'AWSCURRENT' : CANDIDATE
      context.voice.result({ version, written: false }, `secret "${secret.id}" holds this already, on ${stage}`)
      return EXIT.ok
    }
    refuseBesides(standing)
    return await write(context, standing, { candidate, version }, options)
  })
}

/** One candidate at a time; and none beside a rotation that has not ended, which would stop the function. */
function refuseBesides({ secret, rotation, proposal }: Standing): void {
  const hint = `see pinned-fetch rotate status ${secret.id}; rotate abort ${secret.id} takes it back`
  if (proposal !== undefined) {
    throw refusal(`secret "${secret.id}" has a candidate already: version ${proposal.candidate.id}`, hint)
  }
  if (rotation.phase === 'idle' || rotation.phase === 'promoted') return
  throw refusal(`a rotation of secret "${secret.id}" is under way (${rotation.phase})`, hint)
}

async function write(
  context: Context,
  standing: Standing,
  { candidate, version }: { readonly candidate: WrittenPolicy; readonly version: string },
  options: WriteOptions,
) {
  const { world, voice } = context
  const { secret, rotation, versions } = standing
  const { current } = rotation
  const before = current.text === undefined ? undefined : policyOfText(current.text, `version ${current.id}`)
  const review = reviewOf(before, candidate, world.now())
  if (review.hazards.length > 0 && !options.force) {
    for (const { path, message } of review.hazards) voice.say(`${path} ${message}`)
    throw refusal('the rotation function would refuse this candidate', 'mend it first; --force writes it all the same')
  }
  const exitCode = await writeIfAgreed(context, options, {
    question: `propose this in secret "${secret.id}"?`,
    text: textOfReview(review, voice),
    value: (isWritten) => ({ ...review, version: isWritten ? version : undefined }),
    write: () => perform(standing, planPropose(versions, current.id, candidate.text)),
    done: `secret "${secret.id}": version ${version} waits for approval`,
  })
  if (exitCode === EXIT.ok) voice.say(`next, by somebody else: pinned-fetch rotate approve ${secret.id}`)
  return exitCode
}
