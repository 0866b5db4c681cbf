/**
 * What `rotate check` does: a handshake with every host of the candidate, judged under it as a guard would.
 */

import type { Policy } from '../../policy/document.ts'
import { EXIT } from '../failure.ts'
import type { Context, Work } from '../verb.ts'
import { type HostReport, look, placesOf, reportOf, textOfReports } from './hosts.ts'
import type { LookOptions } from './options.ts'
import { atRotation, policyOf, refusal } from './standing.ts'

export interface Checked {
  readonly reports: readonly HostReport[]
  /** Wildcards below which no host was named. */
  readonly unseen: readonly string[]
  /** At least one host was asked, and every one passes. */
  readonly passes: boolean
}

export const check: Work<[string, LookOptions]> = async (context, place, options) =>
  await atRotation(place, context, async (standing) => {
    const { rotation, secret } = standing
    if (rotation.phase !== 'pending') {
      throw refusal(
        `secret "${secret.id}" has no candidate to check (${rotation.phase})`,
        rotation.phase === 'promoted'
          ? `look at what is current: rotate watch ${secret.id}`
          : `rotate start ${secret.id} <file>`,
      )
    }
    const checked = await checkPolicy(policyOf(standing, rotation.candidate).policy, options, context)
    context.voice.result({ version: rotation.candidate.id, ...checked }, textOfReports(checked.reports, context))
    context.voice.say(
      checked.passes
        ? `next: pinned-fetch rotate promote ${secret.id}`
        : 'a host fails under the candidate: promote refuses',
    )
    return checked.passes ? EXIT.ok : EXIT.findings
  })

/** Every host of a policy, or those of some of its patterns. */
export async function checkPolicy(
  policy: Policy,
  options: LookOptions,
  context: Context,
  patterns?: readonly string[],
): Promise<Checked> {
  const { calls, unseen } = placesOf(policy, options, patterns)
  for (const pattern of unseen) {
    context.voice.say(`"${pattern}" names no host that could be asked: name one below it with --host`)
  }
  const sightings = await look(calls, policy, options, context)
  const reports = sightings.map((sighting) => reportOf(sighting, policy, context.world.now()))
  return { reports, unseen, passes: reports.length > 0 && reports.every(({ passes }) => passes) }
}
