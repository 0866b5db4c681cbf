/**
 * What kind of key it is, in the words people use.
 */

import type { KeyObject } from 'node:crypto'

const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }

/** Like `RSA 2048`, `EC P-256`, `Ed25519`. */
export function keyTypeOf({ asymmetricKeyType: type, asymmetricKeyDetails = {} }: KeyObject): string {
  const { modulusLength, namedCurve = 'of its own curve' } = asymmetricKeyDetails
  if (type === undefined) return 'unknown'
  if (type === 'ec') return `EC ${CURVES[namedCurve] ?? namedCurve}`
  if (modulusLength !== undefined) return `${type.toUpperCase()} ${modulusLength}`
  return type.replace(/^ed/, 'Ed').replace(/^ml-dsa/, 'ML-DSA')
}

/** The same for a certificate, whose key may be one that Node can't decode. */
export function keyTypeIn(certificate: { readonly publicKey: KeyObject }): string {
  try {
    return keyTypeOf(certificate.publicKey)
  } catch {
    return 'unknown'
  }
}
