/**
 * The policy that was named, or why there is none: a doctor goes on without it.
 */

import { basename } from 'node:path'
import type { GetSecretValueCommandOutput } from '@aws-sdk/client-secrets-manager'
import { findPinnedFetchError } from '../../errors.ts'
import { CURRENT } from '../../policy/rotation.ts'
import { CommandError, EXIT } from '../failure.ts'
import { secretOf, wholeSecret } from '../secret/address.ts'
import { openClient } from '../secret/client.ts'
import { policyOfText, readWritten } from '../secret/document.ts'
import { secretFailure } from '../secret/failure.ts'
import type { World } from '../world.ts'
import type { PolicyFacts, SecretFacts } from './facts.ts'

export interface NamedPolicy {
  readonly policy: PolicyFacts | undefined
  readonly secret: SecretFacts | undefined
}

export async function readNamed(place: string | undefined, world: World): Promise<NamedPolicy> {
  if (place === undefined) return { policy: undefined, secret: undefined }
  if (secretOf(place) !== undefined) return await readSecret(wholeSecret(place), world)
  const found = await unlessRefused(async () => {
    const { policy, name } = await readWritten(place, world)
    return { policy, name, version: undefined }
  })
  // What is told may be given away: not where the file is.
  const policy =
    found.policy === undefined ? { ...found, problem: found.problem.replaceAll(place, basename(place)) } : found
  return { policy, secret: undefined }
}

/** By the one call that a guard makes: what DescribeSecret would say, a function need not be allowed to know. */
async function readSecret(id: string, world: World): Promise<NamedPolicy> {
  let reply: GetSecretValueCommandOutput
  try {
    const { sdk, client } = await openClient(world)
    try {
      reply = await client.send(new sdk.GetSecretValueCommand({ SecretId: id, VersionStage: CURRENT }))
    } finally {
      client.destroy()
    }
  } catch (error) {
    return unreadable(id, error)
  }
  const { VersionId: version, CreatedDate: created } = reply
  const text = reply.SecretString ?? new TextDecoder().decode(reply.SecretBinary ?? new Uint8Array())
  const name = `secret "${id}"`
  const policy = await unlessRefused(async () => ({ policy: policyOfText(text, name).policy, name, version }))
  const secret = {
    id,
    ...(version === undefined ? {} : { version }),
    ...(created === undefined ? {} : { created: created.getTime() }),
  }
  return { policy, secret }
}

function unreadable(id: string, error: unknown): NamedPolicy {
  const { name = 'Error', message = '' } = (error ?? {}) as Partial<Error>
  const told = secretFailure(id, 'GetSecretValue', error)
  const hint = told instanceof CommandError ? told.hint : 'look at the credentials and the region'
  // A failure without a name of its own is told by our words: no region, no SDK.
  const words = message.split('\n', 1)[0]?.slice(0, 300) ?? ''
  const problem = { name: name === 'Error' ? told.message.replace(/^secret "[^"]*": /, '') : name, hint, words }
  return { policy: { policy: undefined, problem: 'the secret cannot be read', hint }, secret: { id, problem } }
}

/** A policy that can't be read is a finding; a wrong command line is not. */
async function unlessRefused(read: () => Promise<PolicyFacts>): Promise<PolicyFacts> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof CommandError && error.exitCode !== EXIT.usage) {
      return { policy: undefined, problem: error.message, hint: error.hint }
    }
    const ours = findPinnedFetchError(error)
    if (ours?.code !== 'ERR_POLICY_MALFORMED') throw error
    const { path, problem, repair } = ours.evidence
    return { policy: undefined, problem: `the policy: ${path === '' ? 'it' : path} ${problem}`, hint: repair }
  }
}
