/**
 * What `verify` does: open the envelope with the keys that a guard would be given.
 */

import { readFile } from 'node:fs/promises'
import { findPinnedFetchError } from '../../errors.ts'
import { parsePolicy } from '../../policy/document.ts'
import { daysUntil, formatInstant } from '../../policy/instant.ts'
import { openEnvelope } from '../../source/envelope.ts'
import { parseVerifyKey, type VerifyKey } from '../../source/verify-key.ts'
import { CommandError, EXIT } from '../failure.ts'
import { pathOf, readDocument } from '../policy/place.ts'
import { signatureFinding } from '../policy/signature.ts'
import { table } from '../table.ts'
import type { Work } from '../verb.ts'
import type { World } from '../world.ts'

export interface VerifyOptions {
  readonly key: readonly string[]
}

export const verify: Work<[string, VerifyOptions]> = async ({ world, voice }, place, { key: files }) => {
  const keys = await Promise.all(files.map((file) => verifyKeyIn(file, world)))
  const { name, document } = await readDocument(place, world)
  try {
    const now = world.now()
    const opened = await openEnvelope(document, { keys, now, source: name })
    const { serial } = parsePolicy(opened.document)
    const daysLeft = opened.expires === undefined ? undefined : daysUntil(opened.expires, now)
    const expires = opened.expires === undefined ? undefined : formatInstant(opened.expires)
    const end = expires === undefined ? 'without end' : `until ${expires}, ${daysLeft} days`
    const rows = [
      ['signed by', opened.keyId],
      ['serial', String(serial)],
      ['good', end],
    ]
    voice.result({ valid: true, keyId: opened.keyId, serial, expires, daysLeft }, table(rows))
    const ending = signatureFinding(opened.expires, now)
    if (ending !== undefined) voice.say(`warning: the signature ${ending.message}`)
    return EXIT.ok
  } catch (error) {
    const failure = findPinnedFetchError(error)
    if (failure?.code !== 'ERR_POLICY_SIGNATURE') throw error
    voice.result({ valid: false, problem: failure.evidence.problem }, `${name}: ${failure.evidence.problem}`)
    return EXIT.findings
  }
}

/** A public key in PEM. */
export async function verifyKeyIn(file: string, world: World): Promise<VerifyKey> {
  const text = await readFile(pathOf(file, world), 'utf8').catch((cause) => {
    throw new CommandError(`${file} cannot be read`, 'give the file of a public key', { cause })
  })
  const key = parseVerifyKey(text)
  if (key !== undefined) return key
  throw new CommandError(`${file} holds no public key of a signer`, 'give one public key in PEM, Ed25519 or P-256')
}
