/**
 * Where a command finds the policy: a file, standard input (`-`), or a secret of Secrets Manager (`secret:<name or ARN>`).
 *
 * Not here: writing secrets, which has versions and stages (../secret/).
 */

import { readFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { type Policy, parsePolicy } from '../../policy/document.ts'
import { decodeDocument } from '../../source/decode.ts'
import { isEnvelope, unverifiedDocument } from '../../source/envelope.ts'
import { secretsManagerSource } from '../../source/secrets-manager.ts'
import { CommandError, EXIT } from '../failure.ts'
import { clientOptionsOf } from '../secret/client.ts'
import type { World } from '../world.ts'

/** Before the name of a secret. */
const SECRET = 'secret:'

/** For the help of every verb that takes a policy. */
export const PLACE_HELP = 'a file, "-" for standard input, or secret:<name or ARN> (its AWSCURRENT version)'

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
}

/** The name of the secret that a place stands for; `undefined`: it is a file or standard input. */
export function secretOf(place: string): string | undefined {
  return place.startsWith(SECRET) ? place.slice(SECRET.length) : undefined
}

/** A path of the command line as a path of the file system. */
export function pathOf(place: string, { cwd }: World): string {
  return isAbsolute(place) ? place : join(cwd, place)
}

/** @throws {CommandError | PinnedFetchError} when nothing can be read there */
export async function readDocument(place: string, world: World): Promise<Found> {
  const secret = secretOf(place)
  if (secret !== undefined) return { name: `secret "${secret}"`, ...(await loadSecret(secret, world)) }
  const name = place === '-' ? 'standard input' : place
  const text = place === '-' ? await readAll(world.stdin) : await readText(place, world)
  return { name, document: decodeDocument(text, name) }
}

/** @throws {CommandError | PinnedFetchError} when there is no policy there */
export async function readPolicy(place: string, world: World): Promise<FoundPolicy> {
  const found = await readDocument(place, world)
  const isSigned = isEnvelope(found.document)
  const document = isSigned ? unverifiedDocument(found.document, found.name) : found.document
  return { ...found, document, isSigned, policy: parsePolicy(document) }
}

async function loadSecret(secret: string, world: World) {
  return await secretsManagerSource(secret, { clientOptions: clientOptionsOf(world) }).load()
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
