/**
 * Who signs a policy: a private key in a file, or a key that never leaves AWS KMS.
 *
 * A signature is raw: 64 bytes, for ES256 the two numbers side by side (RFC 7518 section 3.4).
 */

import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { KMSClientConfig } from '@aws-sdk/client-kms'
import { parseVerifyKey, type VerifyKey } from '../../source/verify-key.ts'
import { CommandError } from '../failure.ts'
import { pathOf } from '../policy/place.ts'
import { clientOptionsOf } from '../secret/client.ts'
import type { World } from '../world.ts'

export interface Signer {
  /** The public half. */
  readonly verifyKey: VerifyKey
  sign(bytes: Buffer): Promise<Buffer>
}

const KINDS = 'Ed25519 or P-256'

export async function signerInFile(file: string, world: World): Promise<Signer> {
  const key = await privateKeyIn(file, world)
  const verifyKey = publicHalf(createPublicKey(key), file)
  return {
    verifyKey,
    sign: async (bytes) =>
      verifyKey.algorithm === 'EdDSA'
        ? sign(null, bytes, key)
        : sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }),
  }
}

/** @param keyName id, ARN or alias of an asymmetric key, spec ECC_NIST_P256, usage SIGN_VERIFY */
export async function signerInKms(keyName: string, world: World): Promise<Signer> {
  const { KMSClient, GetPublicKeyCommand, SignCommand } = await import('@aws-sdk/client-kms').catch((cause) => {
    throw new CommandError('the AWS SDK for KMS is not installed', 'npm install @aws-sdk/client-kms', { cause })
  })
  const region = /^arn:[^:]+:kms:([^:]+):/.exec(keyName)?.[1]
  const options = clientOptionsOf(world) as KMSClientConfig
  const client = new KMSClient({ ...options, ...(region === undefined ? {} : { region }) })
  const told = async <Answer>(answer: Promise<Answer>) =>
    await answer.catch((cause: Error) => {
      throw new CommandError(
        `KMS refused key "${keyName}": ${cause.name}`,
        'check its id, the region, and that you may kms:GetPublicKey and kms:Sign',
        { cause },
      )
    })
  const { PublicKey = new Uint8Array() } = await told(client.send(new GetPublicKeyCommand({ KeyId: keyName })))
  const publicKey = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' })
  return {
    verifyKey: publicHalf(publicKey, `KMS key "${keyName}"`),
    async sign(bytes) {
      // The digest, since KMS takes messages of 4 096 bytes at most.
      const Message = createHash('sha256').update(bytes).digest()
      const command = { KeyId: keyName, Message, MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' } as const
      const { Signature = new Uint8Array() } = await told(client.send(new SignCommand(command)))
      return rawSignature(Buffer.from(Signature))
    },
  }
}

/** Ecdsa-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER } (RFC 3279 section 2.2.3) as two numbers of 32 bytes. */
export function rawSignature(der: Buffer): Buffer {
  const numbers: Buffer[] = []
  for (let at = 2; at < der.length; at += 2 + (der[at + 1] ?? 0)) {
    const number = der.subarray(at + 2, at + 2 + (der[at + 1] ?? 0))
    numbers.push(Buffer.concat([Buffer.alloc(32), number]).subarray(-32))
  }
  return Buffer.concat(numbers)
}

function publicHalf(key: KeyObject, name: string): VerifyKey {
  const parsed = parseVerifyKey(key.export({ type: 'spki', format: 'pem' }).toString())
  if (parsed !== undefined) return parsed
  throw new CommandError(`${name} is not a key that policies are signed with`, `use ${KINDS}`)
}

async function privateKeyIn(file: string, world: World): Promise<KeyObject> {
  const text = await readFile(pathOf(file, world), 'utf8').catch((cause) => {
    throw new CommandError(`${file} cannot be read`, 'give the file of the private key', { cause })
  })
  try {
    return createPrivateKey(text)
  } catch (cause) {
    const hint = `give a private key in PEM, ${KINDS}, without a password; pinned-fetch sign --kms needs none`
    throw new CommandError(`${file} holds no private key that can be read`, hint, { cause })
  }
}
