/**
 * What `rotate promote` does: checks, and moves AWSCURRENT to the candidate, from the version that it was made for.
 */

import { planPromote } from '../../policy/rotation.ts'
import { EXIT } from '../failure.ts'
import { writeIfAgreed } from '../secret/agreement.ts'
import { reviewOf, textOfReview, type WriteOptions } from '../secret/review.ts'
import type { Work } from '../verb.ts'
import { checkPolicy } from './check.ts'
import { textOfReports } from './hosts.ts'
import type { LookOptions } from './options.ts'
import { atRotation, nextOf, perform, policyOf, refusal, type Standing } from './standing.ts'

export const promote: Work<[string, LookOptions & WriteOptions]> = async (context, place, options) =>
  await atRotation(place, context, async (standing) => {
    const { world, voice } = context
    const { rotation, secret } = standing
    if (rotation.phase === 'promoted') {
      const { id } = rotation.current
      voice.result({ version: id, written: false }, `secret "${secret.id}": version ${id} is current already`)
      return EXIT.ok
    }
    const candidate = candidateOf(standing, options)
    const written = policyOf(standing, candidate)
    const checked = await checkPolicy(written.policy, options, context)
    if (!checked.passes && !options.force) {
      voice.say(textOfReports(checked.reports, context))
      throw refusal(
        checked.reports.length === 0
          ? 'no host of the candidate could be asked'
          : 'a host fails under the candidate: its calls would fail',
        `mend the candidate (rotate abort ${secret.id}, rotate start); --force promotes it all the same`,
      )
    }
    const before = rotation.current.text === undefined ? undefined : policyOf(standing, rotation.current)
    const { changes } = reviewOf(before, written, world.now())
    const review = textOfReview({ changes, hazards: [], findings: [] }, voice)
    const exitCode = await writeIfAgreed(context, options, {
      question: `make this current in secret "${secret.id}"?`,
      text: [textOfReports(checked.reports, context), review].join('\n'),
      value: () => ({ ...checked, changes, version: candidate.id }),
      write: () => perform(standing, planPromote(rotation.current.id, candidate.id)),
      done: `secret "${secret.id}": version ${candidate.id} is current`,
    })
    if (exitCode === EXIT.ok) voice.say(`next: pinned-fetch rotate watch ${secret.id}`)
    return exitCode
  })

function candidateOf(standing: Standing, { force = false }: WriteOptions) {
  const { rotation, secret } = standing
  if (rotation.phase !== 'pending') {
    throw refusal(
      `secret "${secret.id}" has no candidate to promote (${rotation.phase})`,
      `next: pinned-fetch ${nextOf(standing)}`,
    )
  }
  if (rotation.base !== 'moved' || force) return rotation.candidate
  throw refusal(
    `secret "${secret.id}" has moved: version ${rotation.current.id} is current, and the candidate was made for another`,
    `see pinned-fetch rotate status ${secret.id}; rotate abort ${secret.id}, and start again from what is current`,
  )
}
