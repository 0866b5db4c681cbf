/**
 * A policy together with the very text it was written as: of a file, of standard input, or of one version of a secret.
 * What is pushed is this text, so that nothing changes on the way.
 */

import { findPinnedFetchError } from '../../errors.ts'
import { type Policy, parsePolicy } from '../../policy/document.ts'
import { readFrom } from '../../policy/malformed.ts'
import { decodeDocument } from '../../source/decode.ts'
import { isEnvelope, unverifiedDocument } from '../../source/envelope.ts'
import { readAll, readText } from '../policy/place.ts'
import type { World } from '../world.ts'
import { secretAddress, secretOf } from './address.ts'
import { Secret } from './secret.ts'

export interface WrittenPolicy {
  /** As it is told: the file's name, `standard input`, `secret "…" version …`. */
  readonly name: string
  readonly text: string
  /** Out of its envelope if it was signed. */
  readonly document: unknown
  /** Whether it stood in an envelope. Whose signature that is, only `verify` says. */
  readonly isSigned: boolean
  readonly policy: Policy
}

/** @throws {PinnedFetchError} `ERR_POLICY_MALFORMED`, naming the place */
export function policyOfText(text: string, name: string): WrittenPolicy {
  const outer = decodeDocument(text, name)
  const isSigned = isEnvelope(outer)
  const document = isSigned ? unverifiedDocument(outer, name) : outer
  return { name, text, document, isSigned, policy: readFrom(name, () => parsePolicy(document)) }
}

/** Of a file, or of standard input. */
export async function readWritten(place: string, world: World): Promise<WrittenPolicy> {
  if (place === '-') return policyOfText(await readAll(world.stdin), 'standard input')
  return policyOfText(await readText(place, world), place)
}

/** Of any place: a file, standard input, or `secret:<id>[#<version or stage>]`. */
export async function readPlace(place: string, world: World): Promise<WrittenPolicy> {
  if (secretOf(place) === undefined) return readWritten(place, world)
  const { id, version } = secretAddress(place)
  return await Secret.with(id, world, async (secret) => readVersion(secret, await secret.resolve(version)))
}

/** Of one version of a secret, by its id. */
export async function readVersion(secret: Secret, version: string): Promise<WrittenPolicy> {
  const { id, text } = await secret.read(version)
  return policyOfText(text, `secret "${secret.id}" version ${id}`)
}

/** What one version of a secret holds, be it a policy or not: a broken one must be seen, and be replaced. */
export interface Held {
  readonly id: string
  /** Empty where nothing has been written yet: a rotation of AWS puts AWSPENDING on such a version. */
  readonly text: string
  readonly written: WrittenPolicy | undefined
  /** Why it is no policy. */
  readonly problem: string | undefined
}

/** The same where there need not be a policy. */
export async function readHeld(secret: Secret, version: string): Promise<Held> {
  const read = await secret.readIfThere(version)
  if (read === undefined) return { id: version, text: '', written: undefined, problem: 'nothing is written there yet' }
  const { id, text } = read
  try {
    return { id, text, written: policyOfText(text, `secret "${secret.id}" version ${id}`), problem: undefined }
  } catch (error) {
    const ours = findPinnedFetchError(error)
    if (ours?.code !== 'ERR_POLICY_MALFORMED') throw error
    const { path, problem } = ours.evidence
    return { id, text, written: undefined, problem: `${path === '' ? 'it' : path} ${problem}` }
  }
}
