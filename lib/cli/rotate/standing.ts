/**
 * Where a rotation stands, read from the secret: its phase, and the policies of the versions that matter.
 */

import {
  CURRENT,
  DRAFT,
  holderOf,
  PENDING,
  PREVIOUS,
  type Rotation,
  rotationOf,
  type StagedVersion,
  type Step,
  take,
} from '../../policy/rotation.ts'
import { CANDIDATE, type Proposal, proposalOf } from '../../policy/rotation-proposal.ts'
import { CommandError, EXIT } from '../failure.ts'
import { wholeSecret } from '../secret/address.ts'
import { policyOfText, type WrittenPolicy } from '../secret/document.ts'
import { Secret } from '../secret/secret.ts'
import type { Context } from '../verb.ts'

export interface Standing {
  readonly secret: Secret
  readonly rotation: Rotation
  readonly versions: readonly StagedVersion[]
  /** What waits for the rotation function. */
  readonly proposal: Proposal | undefined
}

/** Opens the secret for the time of one step. */
export async function atRotation<Result>(
  place: string,
  { world, voice }: Context,
  work: (standing: Standing) => Promise<Result>,
): Promise<Result> {
  const id = wholeSecret(place)
  return await voice.during('asking Secrets Manager', () =>
    Secret.with(id, world, async (secret) => {
      const versions = await readStaged(secret)
      const rotation = rotationOf(versions)
      if (rotation !== undefined) return await work({ secret, rotation, versions, proposal: proposalOf(versions) })
      throw new CommandError(`secret "${id}" holds nothing`, `put a policy there: pinned-fetch push <file> ${id}`)
    }),
  )
}

/** The policy of one version. @throws {PinnedFetchError} when it is none */
export function policyOf({ secret }: Standing, { id, text }: StagedVersion): WrittenPolicy {
  const name = `secret "${secret.id}" version ${id}`
  if (text !== undefined) return policyOfText(text, name)
  throw new CommandError(`${name} has no value`, `take the stage away: pinned-fetch rotate abort ${secret.id}`)
}

/** Does the steps, and clears away what an interrupted run left. */
export async function perform({ secret, versions }: Standing, steps: readonly Step[]): Promise<void> {
  const left = holderOf(versions, DRAFT)
  const isOurs = steps.some((step) => step.call === 'put' && step.id === left?.id)
  await secret.perform(left === undefined || isOurs ? steps : [...steps, take(DRAFT, left.id)])
}

export function refusal(message: string, hint: string): CommandError {
  return new CommandError(message, hint, { exitCode: EXIT.refused })
}

/** What comes next, as a command. */
export function nextOf(standing: Standing): string {
  const {
    rotation: { phase },
    secret: { id },
    proposal,
  } = standing
  const commands: { readonly [Phase in Rotation['phase']]: string } = {
    idle: proposal === undefined ? `rotate start ${id} <file>` : nextOfProposal(proposal, id),
    pending: isOfFunction(standing)
      ? `${rotateSecret(id)} goes on with it; rotate abort ${id} takes it back`
      : `rotate check ${id}, then rotate promote ${id}; rotate abort ${id} takes it back`,
    promoted:
      proposal === undefined
        ? `rotate watch ${id}, then rotate retire ${id}; rotate abort ${id} takes it back`
        : nextOfProposal(proposal, id),
    retiring: `rotate retire ${id} (it was interrupted)`,
    retired: `rotate retire ${id} (it was interrupted)`,
    undoing: `rotate abort ${id} (it was interrupted)`,
    undone: `rotate abort ${id} (it was interrupted)`,
  }
  return commands[phase]
}

/** How the rotation function is called, by a person. */
export function rotateSecret(id: string): string {
  return `aws secretsmanager rotate-secret --secret-id ${id}`
}

/** Whether what is pending is what the rotation function has begun, and not ended. */
function isOfFunction({ rotation, proposal }: Standing): boolean {
  if (rotation.phase !== 'pending') return false
  const { candidate, current } = rotation
  return candidate.text === undefined || [current.text, proposal?.candidate.text].includes(candidate.text)
}

function nextOfProposal({ isApproved, base }: Proposal, id: string): string {
  if (base !== 'current') return `rotate abort ${id}, and propose again`
  return isApproved ? `${rotateSecret(id)}, or its schedule` : `rotate approve ${id}; rotate abort ${id} takes it back`
}

async function readStaged(secret: Secret): Promise<StagedVersion[]> {
  const { versions } = await secret.describe()
  const read: StagedVersion[] = []
  for (const version of versions) {
    const matters = version.stages.some((stage) => [CURRENT, PENDING, PREVIOUS, CANDIDATE].includes(stage))
    const text = matters ? (await secret.readIfThere(version.id))?.text : undefined
    read.push({ ...version, text })
  }
  return read
}
