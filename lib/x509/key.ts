/**
 * Whether a public key may vouch for a link of a path, told from its bytes (SubjectPublicKeyInfo, RFC 5280 section 4.1.2.7).
 *
 * `node:crypto` would tell as well, but Node 22 ends the process when it is asked for the curve of a key whose point lies
 * at infinity. What passes here is safe to hand over; it is still decoded there, and may fail.
 */

import { type DerValue, readBitString, readDer, readObjectIdentifier, TAG } from './der.ts'

const RSA = new Set([
  '1.2.840.113549.1.1.1', // rsaEncryption
  '1.2.840.113549.1.1.10', // id-RSASSA-PSS
])

const EC = '1.2.840.10045.2.1'

/** Curves that may carry a path: NIST's and Brainpool's, 256 bits and more. Explicit parameters have no name. */
const CURVES = new Set([
  '1.2.840.10045.3.1.7', // P-256
  '1.3.132.0.34', // P-384
  '1.3.132.0.35', // P-521
  '1.3.36.3.3.2.8.1.1.7', // brainpoolP256r1
  '1.3.36.3.3.2.8.1.1.11', // brainpoolP384r1
  '1.3.36.3.3.2.8.1.1.13', // brainpoolP512r1
])

const OTHERS = new Set([
  '1.3.101.112', // Ed25519
  '1.3.101.113', // Ed448
  '2.16.840.1.101.3.4.3.17', // ML-DSA-44
  '2.16.840.1.101.3.4.3.18', // ML-DSA-65
  '2.16.840.1.101.3.4.3.19', // ML-DSA-87
])

/** Shortest RSA modulus accepted anywhere in a path, in bits (NIST SP 800-131A; CA/B Baseline Requirements 6.1.5). */
const MIN_RSA_BITS = 2048

/** Longest RSA modulus whose signatures are checked, in bits: a check of 16,384 bits takes milliseconds. */
const MAX_RSA_BITS = 8192

/** Longest public exponent: OpenSSL's own limit for long moduli. One of 3,072 bits makes a check take 8 ms. */
const MAX_EXPONENT_BYTES = 9

/** First byte of an encoded point that is not at infinity (SEC 1 section 2.3.3): two compressed forms and the plain one. */
const POINT_FORMS: readonly (number | undefined)[] = [2, 3, 4]

/** Neither too weak nor too long, of a kind that signs. @throws {DerError} when it can't be read */
export function isStrongKey(info: DerValue): boolean {
  const fields = info.fields
  const algorithm = fields.read(TAG.sequence).fields
  const key = readBitString(fields.read(TAG.bitString))
  fields.end()
  const type = readObjectIdentifier(algorithm.read(TAG.objectIdentifier))
  if (RSA.has(type)) return isStrongModulus(key)
  if (type !== EC) return OTHERS.has(type)
  const curve = algorithm.readOptional(TAG.objectIdentifier)
  return curve !== undefined && CURVES.has(readObjectIdentifier(curve)) && POINT_FORMS.includes(key[0])
}

/** RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017 appendix A.1.1) */
function isStrongModulus(key: Buffer): boolean {
  const fields = readDer(key, TAG.sequence).fields
  const [first = 0, ...others] = fields.read(TAG.integer).content
  if (fields.read(TAG.integer).content.length > MAX_EXPONENT_BYTES) return false
  // A leading zero only says that the number is not negative.
  const digits = first === 0 ? others : [first, ...others]
  const bits = digits.length * 8 - Math.clz32(digits[0] ?? 0) + 24
  return (first & 0x80) === 0 && digits[0] !== 0 && bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS
}
