/**
 * Where the secret stands: its labels, and the texts that the plan goes by, each asked for by its version and its label.
 *
 * Between the description and a reading a label may move. So where a text was not found, the secret is described once more:
 * if its labels are the same, there is none; else everything is read anew.
 */

import { CURRENT, holderOf, PENDING, PREVIOUS, type StagedVersion } from '../../lib/policy/rotation.ts'
import { CANDIDATE } from '../../lib/policy/rotation-proposal.ts'
import { needsPrevious } from '../../lib/policy/rotation-steps.ts'
import type { RotatedSecret } from './secret.ts'

/** More often nobody moves labels in a row, unless something is wrong. */
const READINGS = 4

/** @param described what was seen of it a moment ago, without texts */
export async function readStanding(
  described: readonly StagedVersion[],
  token: string,
  secret: RotatedSecret,
): Promise<readonly StagedVersion[]> {
  let seen = described
  for (let reading = 0; reading < READINGS; reading++) {
    const versions = await withTexts(seen, token, secret)
    if (isWhole(versions)) return versions
    const now = (await secret.describe()).versions
    if (labelsOf(now) === labelsOf(seen)) return versions
    seen = now
  }
  throw new Error('The labels of the secret move all the time')
}

/** Every version whose text counts has one. */
function isWhole(versions: readonly StagedVersion[]): boolean {
  const holders = [CURRENT, PENDING, CANDIDATE].map((stage) => holderOf(versions, stage))
  return holders.every((holder) => holder === undefined || holder.text !== undefined)
}

async function withTexts(
  versions: readonly StagedVersion[],
  token: string,
  secret: RotatedSecret,
): Promise<readonly StagedVersion[]> {
  let known = versions
  for (const stage of [CURRENT, PENDING, CANDIDATE]) known = await withText(known, stage, secret)
  return needsPrevious(known, token) ? await withText(known, PREVIOUS, secret) : known
}

async function withText(
  versions: readonly StagedVersion[],
  stage: string,
  secret: RotatedSecret,
): Promise<readonly StagedVersion[]> {
  const holder = holderOf(versions, stage)
  if (holder === undefined || holder.text !== undefined) return versions
  const read = await secret.read(holder, stage)
  return versions.map((version) => (version === holder ? read : version))
}

function labelsOf(versions: readonly StagedVersion[]): string {
  return versions
    .flatMap(({ id, stages }) => stages.map((stage) => `${stage} ${id}`))
    .toSorted()
    .join()
}
