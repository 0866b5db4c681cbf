/**
 * The public key of a key in AWS KMS. Its private half never leaves KMS, so it is for a CA or a server that signs there.
 */

import type { KMSClientConfig } from '@aws-sdk/client-kms'
import { pinOfSpki } from '../../policy/pin.ts'
import { CommandError } from '../failure.ts'
import { clientOptionsOf } from '../secret/client.ts'
import type { World } from '../world.ts'

export interface KmsKey {
  readonly arn: string
  /** Like `ECC_NIST_P256`. */
  readonly spec: string
  /** Like `SIGN_VERIFY`. */
  readonly usage: string
  /** Base64. */
  readonly sha256: string
}

/** By the name of the SDK's error. */
const HINTS: Readonly<Record<string, string>> = {
  NotFoundException: 'look at the key id or alias, and at the region (AWS_REGION, or give the ARN)',
  AccessDeniedException: 'you need kms:GetPublicKey on this key',
  UnsupportedOperationException: 'only an asymmetric key has a public key: make one with --key-spec ECC_NIST_P256',
  CredentialsProviderError: 'log in, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  ERR_MODULE_NOT_FOUND: 'install it: npm install @aws-sdk/client-kms',
}

const DEFAULT_HINT = 'look at the region and the credentials: aws kms get-public-key --key-id <key> must work'

/** @throws {CommandError} when KMS does not tell it */
export async function kmsKey(id: string, world: World): Promise<KmsKey> {
  const region = /^arn:[^:]+:kms:([^:]+):/.exec(id)?.[1]
  try {
    const { GetPublicKeyCommand, KMSClient } = await import('@aws-sdk/client-kms')
    const options = clientOptionsOf(world) as KMSClientConfig
    const client = new KMSClient({ ...options, ...(region === undefined ? {} : { region }) })
    const { PublicKey, KeyId, KeySpec, KeyUsage } = await client
      .send(new GetPublicKeyCommand({ KeyId: id }))
      .finally(() => client.destroy())
    if (PublicKey === undefined) throw new Error('it answered without a public key')
    return { arn: KeyId ?? id, spec: KeySpec ?? 'unknown', usage: KeyUsage ?? 'unknown', sha256: pinOfSpki(PublicKey) }
  } catch (error) {
    const { name, message, code } = error as NodeJS.ErrnoException
    const hint = HINTS[code ?? ''] ?? HINTS[name] ?? DEFAULT_HINT
    throw new CommandError(`KMS key ${id}: ${name}: ${message}`, hint, { cause: error })
  }
}
