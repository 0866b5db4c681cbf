/**
 * Signature algorithms that may stand in a path: those for which forging a certificate by collision is out of reach.
 *
 * OpenSSL's security level rules out MD5 and SHA-1 on the path that it chose; we accept a pin on any path, so every
 * path is held to it.
 *
 * Not here: verifying a signature (`X509Certificate.verify` does).
 */

import { contextTag, type DerValue, readObjectIdentifier, TAG } from './der.ts'

const STRONG_ALGORITHMS = new Set([
  '1.2.840.113549.1.1.11', // sha256WithRSAEncryption
  '1.2.840.113549.1.1.12', // sha384WithRSAEncryption
  '1.2.840.113549.1.1.13', // sha512WithRSAEncryption
  '1.2.840.10045.4.3.2', // ecdsa-with-SHA256
  '1.2.840.10045.4.3.3', // ecdsa-with-SHA384
  '1.2.840.10045.4.3.4', // ecdsa-with-SHA512
  '1.3.101.112', // Ed25519
  '1.3.101.113', // Ed448
  '2.16.840.1.101.3.4.3.17', // ML-DSA-44
  '2.16.840.1.101.3.4.3.18', // ML-DSA-65
  '2.16.840.1.101.3.4.3.19', // ML-DSA-87
])

const RSASSA_PSS = '1.2.840.113549.1.1.10'

const STRONG_HASHES = new Set([
  '2.16.840.1.101.3.4.2.1', // SHA-256
  '2.16.840.1.101.3.4.2.2', // SHA-384
  '2.16.840.1.101.3.4.2.3', // SHA-512
])

/** @param algorithm the AlgorithmIdentifier of a certificate's signature */
export function isStrongSignature(algorithm: DerValue): boolean {
  const fields = algorithm.fields
  const type = readObjectIdentifier(fields.read(TAG.objectIdentifier))
  if (type !== RSASSA_PSS) return STRONG_ALGORITHMS.has(type)
  // RSASSA-PSS-params ::= SEQUENCE { hashAlgorithm [0] DEFAULT sha1, ... }        RFC 4055 section 3.1
  const parameters = fields.readOptional(TAG.sequence)
  const hash = parameters?.fields.readOptional(contextTag(0, 'constructed'))
  if (hash === undefined) return false
  const hashFields = hash.fields.read(TAG.sequence).fields
  return STRONG_HASHES.has(readObjectIdentifier(hashFields.read(TAG.objectIdentifier)))
}
