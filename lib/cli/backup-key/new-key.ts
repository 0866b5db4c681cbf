/**
 * A new key pair with its request and its pin. The private key leaves this file only as the PEM that is to be written.
 */

import { KeyObject, webcrypto } from 'node:crypto'
import { pinOfSpki } from '../../policy/pin.ts'
import { CommandError, EXIT } from '../failure.ts'
import { createRequest } from './request.ts'

export interface NewKey {
  /** PKCS #8, PEM; encrypted when there is a password. */
  readonly privateKey: string
  /** PKCS #10, PEM. */
  readonly request: string
  /** Base64. */
  readonly sha256: string
}

const KINDS = {
  p256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  p384: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  rsa3072: {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 3072,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  },
  ed25519: { name: 'Ed25519' },
} as const

export type KeyKind = keyof typeof KINDS

export function keyKindOf(text: string): KeyKind {
  if (Object.hasOwn(KINDS, text)) return text as KeyKind
  throw new CommandError(`--type ${text} is not known`, `write ${Object.keys(KINDS).join(', ')}`, {
    exitCode: EXIT.usage,
  })
}

export async function newKey(
  kind: KeyKind,
  { names, password }: { readonly names: readonly string[]; readonly password: string | undefined },
): Promise<NewKey> {
  const algorithm = KINDS[kind]
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
  const spki = KeyObject.from(keys.publicKey).export({ type: 'spki', format: 'der' })
  const encryption = password === undefined ? {} : { cipher: 'aes-256-cbc', passphrase: password }
  const privateKey = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem', ...encryption })
  return {
    privateKey: privateKey.toString(),
    request: await createRequest({ names, keys, signingAlgorithm: algorithm }),
    sha256: pinOfSpki(spki),
  }
}
