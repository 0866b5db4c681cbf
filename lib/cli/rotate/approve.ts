/**
 * What `rotate approve` does: shows what the proposed candidate would change, and for which hosts, and puts the label of
 * approval on that very version. The rotation function does the rest.
 */

import { type Proposal, planApprove, touchedPatterns } from '../../policy/rotation-proposal.ts'
import { EXIT } from '../failure.ts'
import { writeIfAgreed } from '../secret/agreement.ts'
import { reviewOf, textOfReview } from '../secret/review.ts'
import { table } from '../table.ts'
import type { Context, Work } from '../verb.ts'
import { type Checked, checkPolicy } from './check.ts'
import { textOfReports } from './hosts.ts'
import type { ApproveOptions } from './options.ts'
import { atRotation, perform, policyOf, refusal, rotateSecret, type Standing } from './standing.ts'

export const approve: Work<[string, ApproveOptions]> = async (context, place, options) =>
  await atRotation(place, context, async (standing) => {
    const { world, voice } = context
    const { secret, rotation, versions } = standing
    const { candidate, isApproved } = proposed(standing, options)
    if (isApproved) {
      const text = `secret "${secret.id}": version ${candidate.id} is approved already`
      voice.result({ version: candidate.id, written: false }, text)
      return EXIT.ok
    }
    const [before, written] = [policyOf(standing, rotation.current), policyOf(standing, candidate)]
    const review = reviewOf(before, written, world.now())
    if (review.hazards.length > 0 && !options.force) {
      for (const { path, message } of review.hazards) voice.say(`${path} ${message}`)
      throw refusal('the rotation function would refuse this candidate', `take it back: rotate abort ${secret.id}`)
    }
    const checked = options.check ? await checkPolicy(written.policy, options, context) : undefined
    refuseFailing(checked, context, options)
    const hosts = touchedPatterns(before.policy, written.policy)
    const rows = [
      ['candidate', candidate.id],
      ['in the place of', rotation.current.id],
      ['hosts', hosts.join(', ') || 'none of them sees another key'],
    ]
    const reports = checked === undefined ? [] : [textOfReports(checked.reports, context)]
    const exitCode = await writeIfAgreed(context, options, {
      question: `approve this for secret "${secret.id}"?`,
      text: [table(rows), ...reports, textOfReview(review, voice)].join('\n'),
      value: () => ({ ...checked, ...review, hosts, version: candidate.id }),
      write: () => perform(standing, planApprove(versions, candidate.id)),
      done: `secret "${secret.id}": version ${candidate.id} is approved`,
    })
    if (exitCode === EXIT.ok) voice.say(`next: ${rotateSecret(secret.id)}, or its schedule`)
    return exitCode
  })

/** What there is to approve. */
function proposed({ secret, proposal }: Standing, { expect }: ApproveOptions): Proposal {
  if (proposal === undefined) {
    throw refusal(`secret "${secret.id}" has no candidate`, `rotate propose ${secret.id} <file>`)
  }
  const { candidate, base } = proposal
  if (expect !== undefined && (expect.length < 8 || !candidate.id.startsWith(expect))) {
    const hint = `look at what it changes: rotate approve ${secret.id} --dry-run`
    throw refusal(`the candidate of secret "${secret.id}" is version ${candidate.id}, not ${expect}`, hint)
  }
  if (base === 'current') return proposal
  const problem =
    base === 'moved' ? 'was made for another version than is current' : 'was not written by rotate propose'
  throw refusal(
    `the candidate of secret "${secret.id}", version ${candidate.id}, ${problem}: the rotation function refuses it`,
    `rotate abort ${secret.id}, and propose it again, made from what is current`,
  )
}

function refuseFailing(checked: Checked | undefined, context: Context, { force = false }: ApproveOptions): void {
  if (checked === undefined || checked.passes || force) return
  context.voice.say(textOfReports(checked.reports, context))
  throw refusal(
    checked.reports.length === 0 ? 'no host of the candidate could be asked' : 'a host fails under the candidate',
    'mend the candidate, or the host; --force approves it all the same',
  )
}
