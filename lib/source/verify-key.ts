/**
 * A public key that policies may be signed with: Ed25519 or P-256, in PEM. Read when a guard is made, so that a wrong one is
 * refused at once; what it signs is read later (envelope.ts).
 */

import { createHash, createPublicKey, type KeyObject } from 'node:crypto'

/** A public key that policies may be signed with. */
export interface VerifyKey {
  readonly key: KeyObject
  readonly algorithm: 'EdDSA' | 'ES256'
  /** Base64url SHA-256 of the SubjectPublicKeyInfo. */
  readonly id: string
}

/** Reads one public key in PEM; `undefined` when it is none, or not Ed25519 or P-256. A private key is none. */
export function parseVerifyKey(pem: string): VerifyKey | undefined {
  // Of two in one text only the first would be read, without a word.
  if (pem.match(/-----BEGIN [^-]+-----/g)?.join() !== '-----BEGIN PUBLIC KEY-----') return undefined
  try {
    const key = createPublicKey(pem)
    const algorithm = algorithmOf(key)
    return algorithm && { key, algorithm, id: keyId(key) }
  } catch {
    return undefined
  }
}

const BLOCK = /-----BEGIN [^-]+-----[^-]*-----END [^-]+-----/g

/** The keys of a text that holds any number, one after the other, each in PEM; `undefined`: a part of it is none. */
export function splitVerifyKeys(text: string): readonly string[] | undefined {
  const blocks = text.match(BLOCK) ?? []
  const isWhole = text.replace(BLOCK, '').trim() === '' && blocks.every((block) => parseVerifyKey(block) !== undefined)
  return isWhole ? blocks : undefined
}

/** How a public key is named in `kid`. */
export function keyId(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
}

function algorithmOf({
  asymmetricKeyType: type,
  asymmetricKeyDetails: details,
}: KeyObject): VerifyKey['algorithm'] | undefined {
  if (type === 'ed25519') return 'EdDSA'
  return type === 'ec' && details?.namedCurve === 'prime256v1' ? 'ES256' : undefined
}
