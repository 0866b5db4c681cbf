/**
 * Whether a key has signed what stands in the form `SEQUENCE { body, AlgorithmIdentifier, BIT STRING, … }`: revocation
 * lists (RFC 5280 section 5.1) and OCSP responses (RFC 6960 section 4.2.1).
 *
 * By Node's own cryptography: @peculiar/x509 rejects some ECDSA signatures that are good. Not here: RSASSA-PSS and the
 * algorithms that forgers have caught up with; what they sign counts as not signed.
 */

import { type KeyObject, verify } from 'node:crypto'
import { type DerReader, type DerValue, readBitString, readDer, readObjectIdentifier, TAG } from '../../x509/der.ts'

const HASHES: { readonly [algorithm: string]: string } = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
}

export interface Signed {
  /** What the signature is over. */
  readonly body: DerValue
  readonly algorithm: string
  readonly signature: Buffer
  /** What follows the signature. */
  readonly rest: DerReader
}

/** @throws {Error} when it has not that form */
export function readSigned(der: Buffer): Signed {
  const rest = readDer(der, TAG.sequence).fields
  const body = rest.read(TAG.sequence)
  const algorithm = readObjectIdentifier(rest.read(TAG.sequence).fields.read(TAG.objectIdentifier))
  return { body, algorithm, signature: readBitString(rest.read(TAG.bitString)), rest }
}

export function isSignedBy({ body, algorithm, signature }: Signed, key: KeyObject): boolean {
  const hash = Object.hasOwn(HASHES, algorithm) ? HASHES[algorithm] : undefined
  try {
    return hash !== undefined && verify(hash, body.whole, key, signature)
  } catch {
    // A key of another kind than the signature.
    return false
  }
}
