/**
 * What `rotate status` does: where the rotation is, what it changes, and what comes next.
 */

import { differencesOf } from '../../policy/difference.ts'
import { DRAFT, type Rotation, type StagedVersion } from '../../policy/rotation.ts'
import type { Proposal } from '../../policy/rotation-proposal.ts'
import { EXIT } from '../failure.ts'
import type { WrittenPolicy } from '../secret/document.ts'
import { textOfChanges } from '../secret/review.ts'
import { table } from '../table.ts'
import type { Work } from '../verb.ts'
import { atRotation, nextOf, policyOf } from './standing.ts'

const MEANINGS: { readonly [Phase in Rotation['phase']]: string } = {
  idle: 'no rotation is under way',
  pending: 'the candidate waits to be promoted',
  promoted: 'the candidate is current; the old pins are still in it',
  retiring: 'the policy without the old pins is written, and not current yet',
  retired: 'the old pins are gone; only the stage AWSPENDING is left',
  undoing: 'the policy of before is written again, and not current yet',
  undone: 'the policy of before is back; only the stage AWSPENDING is left',
}

export const status: Work<[string, object]> = async (context, place) =>
  await atRotation(place, context, async (standing) => {
    const { voice } = context
    const { secret, rotation, proposal } = standing
    const [from, to] = endsOf(rotation)
    // A rotation of AWS's own has nothing written at first.
    const [before, after] = [from, to].map((version) => version?.text && policyOf(standing, version))
    const changes = before && after ? differencesOf(before.policy, after.policy) : undefined
    const next = nextOf(standing)
    const hasMoved = rotation.phase === 'pending' && rotation.base === 'moved'
    const rows = [
      ['phase', `${rotation.phase}: ${MEANINGS[rotation.phase]}`],
      ...(from === undefined ? [] : [['from', told(from, before)]]),
      ...(to === undefined ? [] : [['to', told(to, after)]]),
      ...(proposal === undefined ? [] : [['proposed', toldProposal(proposal)]]),
      ...(hasMoved ? [['note', 'another version is current than the one that the candidate was made for']] : []),
      ['next', hasMoved ? `rotate abort ${secret.id}, and begin again` : next],
    ]
    const value = {
      phase: rotation.phase,
      from: from && { version: from.id, serial: serialOf(before) },
      to: to && { version: to.id, serial: serialOf(after) },
      moved: hasMoved,
      proposal: proposal && { version: proposal.candidate.id, approved: proposal.isApproved, base: proposal.base },
      changes,
      next,
    }
    voice.result(value, [table(rows), ...(changes === undefined ? [] : textOfChanges(changes, voice))].join('\n'))
    return EXIT.ok
  })

/** What the rotation leads from, and to. */
function endsOf(rotation: Rotation): readonly [StagedVersion | undefined, StagedVersion | undefined] {
  const { current } = rotation
  if ('candidate' in rotation) return [current, rotation.candidate]
  if ('next' in rotation) return [current, rotation.next]
  return rotation.phase === 'promoted' ? [rotation.previous, current] : [undefined, current]
}

function serialOf(written: WrittenPolicy | '' | undefined): number | undefined {
  return written ? written.policy.serial : undefined
}

function toldProposal({ candidate, isApproved, base }: Proposal): string {
  const made = { current: '', moved: ', and made for another version than is current', unknown: ', and made by hand' }
  return `${candidate.id}  ${isApproved ? 'approved' : 'waits for approval'}${made[base]}`
}

function told({ id, stages }: StagedVersion, written: WrittenPolicy | '' | undefined): string {
  if (!written) return [id, 'empty', ...stages].join('  ')
  const { serial } = written.policy
  return [
    id,
    serial === undefined ? 'no serial' : `serial ${serial}`,
    ...stages.filter((stage) => stage !== DRAFT).toSorted(),
  ].join('  ')
}
