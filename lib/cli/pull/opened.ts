/**
 * A signed policy out of its envelope, to be edited and signed again. Whose signature it is, is said only where keys
 * were given to verify it with.
 */

import { textOfDocument } from '../../policy/revision.ts'
import { openEnvelope } from '../../source/envelope.ts'
import type { WrittenPolicy } from '../secret/document.ts'
import { verifyKeyIn } from '../verify/work.ts'
import type { World } from '../world.ts'

export interface Verified {
  readonly keyId: string
  readonly expires: number | undefined
}

/** @param files public keys @returns `undefined` where none is given @throws {PinnedFetchError} `ERR_POLICY_SIGNATURE` */
export async function verified(
  { text, name }: WrittenPolicy,
  files: readonly string[],
  world: World,
): Promise<Verified | undefined> {
  if (files.length === 0) return undefined
  const keys = await Promise.all(files.map((file) => verifyKeyIn(file, world)))
  return await openEnvelope(JSON.parse(text), { keys, now: world.now(), source: name })
}

/** What was signed, indented; what was not signed is as it was written. */
export function withoutEnvelope({ text, document, isSigned }: WrittenPolicy): string {
  return isSigned ? textOfDocument(document) : text
}
