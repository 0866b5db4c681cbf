/**
 * What `rotate start` does: parse, lint, and write the candidate with AWSPENDING alone.
 *
 * That every pin of a host is another one is shown and not refused: whether the host passes, `check` finds out.
 */

import { planStart, versionIdFor } from '../../policy/rotation.ts'
import { EXIT } from '../failure.ts'
import { mayTidy, writeIfAgreed } from '../secret/agreement.ts'
import { policyOfText, readWritten, type WrittenPolicy } from '../secret/document.ts'
import { reviewOf, textOfReview, type WriteOptions } from '../secret/review.ts'
import type { Context, Work } from '../verb.ts'
import { atRotation, perform, refusal, type Standing } from './standing.ts'

export const start: Work<[string, string, WriteOptions]> = async (context, place, file, options) => {
  const candidate = await readWritten(file, context.world)
  return await atRotation(place, context, async (standing) => {
    const { secret, rotation } = standing
    const { current } = rotation
    const version = versionIdFor('start', current.id, candidate.text)
    const isThere =
      current.text === candidate.text || (rotation.phase === 'pending' && rotation.candidate.id === version)
    if (isThere) {
      const stage = current.text === candidate.text ? 'AWSCURRENT' : 'AWSPENDING'
      if (mayTidy(options, context)) await perform(standing, [])
      context.voice.result({ version, written: false }, `secret "${secret.id}" holds this already, on ${stage}`)
      return EXIT.ok
    }
    refuseBesides(standing)
    return await write(context, standing, candidate, options)
  })
}

/** One rotation at a time: the stage is there once. */
function refuseBesides({ secret, rotation }: Standing): void {
  if (rotation.phase === 'idle') return
  const { id } = 'candidate' in rotation ? rotation.candidate : rotation.current
  throw refusal(
    `a rotation of secret "${secret.id}" is under way (${rotation.phase}, version ${id})`,
    `see pinned-fetch rotate status ${secret.id}; rotate abort ${secret.id} takes it back`,
  )
}

async function write(context: Context, standing: Standing, candidate: WrittenPolicy, options: WriteOptions) {
  const { world, voice } = context
  const { secret, rotation } = standing
  const { current } = rotation
  const before = current.text === undefined ? undefined : policyOfText(current.text, `version ${current.id}`)
  const review = reviewOf(before, candidate, world.now())
  const hurts = review.hazards.filter(({ code }) => code !== 'every-pin-replaced')
  if (hurts.length > 0 && !options.force) {
    for (const { path, message } of hurts) voice.say(`${path} ${message}`)
    throw refusal('the candidate would lock you out', 'mend it first; --force writes it all the same')
  }
  const version = versionIdFor('start', current.id, candidate.text)
  const exitCode = await writeIfAgreed(context, options, {
    question: `put this candidate into secret "${secret.id}"?`,
    text: textOfReview(review, voice),
    value: (isWritten) => ({ ...review, version: isWritten ? version : undefined }),
    write: () => perform(standing, planStart(current.id, candidate.text)),
    done: `secret "${secret.id}": version ${version} waits on AWSPENDING`,
  })
  if (exitCode === EXIT.ok) voice.say(`next: pinned-fetch rotate check ${secret.id}`)
  return exitCode
}
