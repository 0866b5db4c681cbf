/**
 * Where a command finds the policy: a file, standard input (`-`), or a secret of Secrets Manager
 * (`secret:<name or ARN>`, with `#` and a stage or an id a version of it).
 *
 * AWSCURRENT is read as a guard reads it, so that one permission is enough. Not here: writing secrets (../secret/).
 */

import { readFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { type Policy, parsePolicy } from '../../policy/document.ts'
import { readFrom } from '../../policy/malformed.ts'
import { decodeDocument } from '../../source/decode.ts'
import { isEnvelope, unverifiedDocument } from '../../source/envelope.ts'
import { secretsManagerSource } from '../../source/secrets-manager.ts'
import { CommandError, EXIT } from '../failure.ts'
import { secretAddress, secretOf } from '../secret/address.ts'
import { clientOptionsOf } from '../secret/client.ts'
import { Secret } from '../secret/secret.ts'
import type { World } from '../world.ts'
import { statedEnd } from './signature.ts'

/** For the help of every verb that takes a policy. */
export const PLACE_HELP = 'a file, "-" for standard input, or secret:<name or ARN>[#<version or stage>]'

/** A policy document as somebody wrote it, and where. */
export interface Found {
  /** As it is told: the file's name, `standard input`, or `secret "…"`. */
  readonly name: string
  readonly document: unknown
  /** The secret's version, where there is one. */
  readonly version?: string | undefined
}

/** A policy, out of its envelope if it was signed. */
export interface FoundPolicy extends Found {
  readonly policy: Policy
  /** Whether it stood in an envelope. Whose signature that is, only `verify` says. */
  readonly isSigned: boolean
  /** When the signature ends, as the envelope says, in milliseconds since the epoch; unset: never, or not signed. */
  readonly signatureEnd?: number | undefined
}

/** A path of the command line as a path of the file system. */
export function pathOf(place: string, { cwd }: World): string {
  return isAbsolute(place) ? place : join(cwd, place)
}

/** @throws {CommandError | PinnedFetchError} when nothing can be read there */
export async function readDocument(place: string, world: World): Promise<Found> {
  if (secretOf(place) !== undefined) return await readSecret(place, world)
  const name = place === '-' ? 'standard input' : place
  const text = place === '-' ? await readAll(world.stdin) : await readText(place, world)
  return { name, document: decodeDocument(text, name) }
}

/** @throws {CommandError | PinnedFetchError} when there is no policy there */
export async function readPolicy(place: string, world: World): Promise<FoundPolicy> {
  const found = await readDocument(place, world)
  const isSigned = isEnvelope(found.document)
  const document = isSigned ? unverifiedDocument(found.document, found.name) : found.document
  const signatureEnd = isSigned ? statedEnd(found.document) : undefined
  return { ...found, document, isSigned, signatureEnd, policy: readFrom(found.name, () => parsePolicy(document)) }
}

async function readSecret(place: string, world: World): Promise<Found> {
  const { id, version } = secretAddress(place)
  const source = () => secretsManagerSource(id, { clientOptions: clientOptionsOf(world) })
  if (version === undefined) return { name: `secret "${id}"`, ...(await source().load()) }
  return await Secret.with(id, world, async (secret) => {
    const read = await secret.read(await secret.resolve(version))
    const name = `secret "${id}" version ${read.id}`
    return { name, document: decodeDocument(read.text, name), version: read.id }
  })
}

/** A file's text. @throws {CommandError} when it can't be read */
export async function readText(place: string, world: World): Promise<string> {
  try {
    return await readFile(pathOf(place, world), 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`
    throw new CommandError(`${place}: ${problem}`, `give ${PLACE_HELP}`, { exitCode: EXIT.failed, cause: error })
  }
}

/** Everything that a stream gives. */
export async function readAll(stream: AsyncIterable<Buffer | string>): Promise<string> {
  const parts: string[] = []
  for await (const part of stream) parts.push(part.toString())
  return parts.join('')
}
