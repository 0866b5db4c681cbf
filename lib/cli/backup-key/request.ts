/**
 * A certification request (PKCS #10, RFC 2986): made for a new key, or read.
 */

import { webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import { readDer, TAG } from '../../x509/der.ts'

/** What a request says. */
export interface Request {
  /** The SubjectPublicKeyInfo, exactly as it stands there. */
  readonly spki: Buffer
  readonly subject: string
}

export interface RequestedNames {
  /** Canonical host names and addresses; a name may begin with `*.`. The first is the common name as well. */
  readonly names: readonly string[]
  readonly keys: webcrypto.CryptoKeyPair
  /** As Web Crypto names it. */
  readonly signingAlgorithm: { readonly name: string; readonly hash?: string }
}

/** Characters of the longest common name (RFC 5280 appendix A.1, ub-common-name). */
const MAX_COMMON_NAME = 64

/** PEM. */
export async function createRequest({ names, keys, signingAlgorithm }: RequestedNames): Promise<string> {
  const { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } = await loadX509()
  const commonName = names.find((name) => name.length <= MAX_COMMON_NAME)
  const request = await Pkcs10CertificateRequestGenerator.create(
    {
      name: commonName === undefined ? [] : [{ CN: [commonName] }],
      keys,
      signingAlgorithm: signingAlgorithm as never,
      extensions: [
        new SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }))),
      ],
    },
    webcrypto as never,
  )
  return `${request.toString('pem')}\n`
}

/** @throws {Error} when it is none */
export async function readRequest(der: Buffer): Promise<Request> {
  const fields = readDer(der, TAG.sequence).fields
  const body = fields.read(TAG.sequence).fields
  body.read(TAG.integer)
  body.read(TAG.sequence)
  const spki = body.read(TAG.sequence).whole
  const { Pkcs10CertificateRequest } = await loadX509()
  const request = new Pkcs10CertificateRequest(Uint8Array.from(der))
  return { spki, subject: request.subject || '(no subject)' }
}

async function loadX509(): Promise<typeof import('@peculiar/x509')> {
  await import('reflect-metadata')
  return await import('@peculiar/x509')
}
