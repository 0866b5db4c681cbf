/**
 * A trust anchor of one host: a certificate in PEM (RFC 7468 section 5). Exactly one to an item, because OpenSSL would
 * read the first of several and leave the others out without a word.
 */
import { X509Certificate } from 'node:crypto'
import { kindOf, malformed } from './malformed.ts'

const ONE_BLOCK = /^-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----$/

const REPAIR = 'write one certificate in PEM, its line ends as \\n: "-----BEGIN CERTIFICATE-----\\n…"'

/** The PEM text, without white space around it. */
export function parseAnchor(input: unknown, path: string): string {
  if (typeof input !== 'string') throw malformed(path, `is ${kindOf(input)}, not a string`, REPAIR)
  if (input.includes('PRIVATE KEY-----')) {
    throw malformed(
      path,
      'holds a private key',
      'remove it here and treat the key as exposed; list the certificate only',
    )
  }
  if (input.split('-----BEGIN ').length > 2) {
    throw malformed(path, 'holds several PEM blocks', 'make each certificate an item of its own')
  }
  const pem = input.trim()
  if (!ONE_BLOCK.test(pem)) throw malformed(path, 'is not a certificate in PEM', REPAIR)
  try {
    new X509Certificate(pem)
  } catch {
    throw malformed(path, 'is not a certificate that can be read', REPAIR)
  }
  return pem
}
