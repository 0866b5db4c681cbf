/**
 * What a stapled OCSP response says of the leaf, and whether somebody who may say so has signed it (RFC 6960 sections
 * 3.2 and 4.2.1): the leaf's issuer, or a responder that the issuer has named for it (section 4.2.2.2).
 *
 * Not here: whether the answer is still of today; its times are told.
 */

import { createHash, X509Certificate } from 'node:crypto'
import type { Certificate } from '../../x509/certificate.ts'
import {
  contextTag,
  type DerValue,
  readBitString,
  readDer,
  readObjectIdentifier,
  readTime,
  TAG,
} from '../../x509/der.ts'
import type { Staple } from './facts.ts'
import { isSignedBy, readSigned, type Signed } from './signed-by.ts'

const SUCCESSFUL = 0
/** The tags of CertStatus. */
const STATES = new Map<number, Staple['state']>([
  [contextTag(0, 'primitive'), 'good'],
  [contextTag(1, 'constructed'), 'revoked'],
  [contextTag(2, 'primitive'), 'unknown'],
])
/** Of a CertID. SHA-1 names here, and proves nothing. */
const NAMING_HASHES: { readonly [algorithm: string]: string } = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
}
/** id-kp-OCSPSigning. */
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9'

/** @param at milliseconds since the epoch: when a responder's own certificate must be valid */
export function readStaple(der: Buffer, leaf: Certificate, issuer: Certificate, at: number): Staple {
  try {
    return read(der, leaf, issuer, at)
  } catch {
    return { state: 'unreadable', isProven: false }
  }
}

function read(der: Buffer, leaf: Certificate, issuer: Certificate, at: number): Staple {
  const outer = readDer(der, TAG.sequence).fields
  // ENUMERATED responseStatus: another one has no response.
  if (outer.read().content[0] !== SUCCESSFUL) return { state: 'unknown', isProven: false }
  const bytes = readDer(outer.read(contextTag(0, 'constructed')).content, TAG.sequence).fields
  bytes.read(TAG.objectIdentifier)
  const signed = readSigned(bytes.read(TAG.octetString).content)
  const answer = answersOf(signed).find(({ id }) => isAbout(id, leaf, issuer))
  if (answer === undefined) return { state: 'unknown', isProven: false }
  const { state, thisUpdate, nextUpdate } = answer
  const isProven = isSignedBy(signed, issuer.x509.publicKey) || isSignedByResponder(signed, issuer, at)
  return { state, isProven, thisUpdate, ...(nextUpdate === undefined ? {} : { nextUpdate }) }
}

interface Answer {
  readonly id: DerValue
  readonly state: Staple['state']
  readonly thisUpdate: number
  readonly nextUpdate: number | undefined
}

function answersOf({ body }: Signed): Answer[] {
  const data = body.fields
  data.readOptional(contextTag(0, 'constructed'))
  data.read() // responderID
  data.read() // producedAt
  return data
    .read(TAG.sequence)
    .fields.rest()
    .map(({ fields: single }) => {
      const id = single.read(TAG.sequence)
      const state = STATES.get(single.read().tag) ?? 'unknown'
      const thisUpdate = readTime(single.read(TAG.generalizedTime))
      const next = single.readOptional(contextTag(0, 'constructed'))
      return { id, state, thisUpdate, nextUpdate: next && readTime(readDer(next.content)) }
    })
}

/** CertID ::= SEQUENCE { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber } */
function isAbout(id: DerValue, leaf: Certificate, issuer: Certificate): boolean {
  const fields = id.fields
  const hash = NAMING_HASHES[readObjectIdentifier(fields.read(TAG.sequence).fields.read())]
  if (hash === undefined) return false
  const digest = (bytes: Buffer) => createHash(hash).update(bytes).digest()
  const { serial, issuerName } = serialAndIssuerOf(leaf)
  return (
    fields.read(TAG.octetString).content.equals(digest(issuerName)) &&
    fields.read(TAG.octetString).content.equals(digest(keyBytesOf(issuer))) &&
    fields.read(TAG.integer).content.equals(serial)
  )
}

function serialAndIssuerOf({ der }: Certificate): { readonly serial: Buffer; readonly issuerName: Buffer } {
  const body = readDer(der, TAG.sequence).fields.read(TAG.sequence).fields
  body.readOptional(contextTag(0, 'constructed'))
  const serial = body.read(TAG.integer).content
  body.read(TAG.sequence)
  return { serial, issuerName: body.read(TAG.sequence).whole }
}

/** The BIT STRING of the public key, without what kind of key it is. */
function keyBytesOf({ x509 }: Certificate): Buffer {
  const fields = readDer(x509.publicKey.export({ type: 'spki', format: 'der' }), TAG.sequence).fields
  fields.read(TAG.sequence)
  return readBitString(fields.read(TAG.bitString))
}

function isSignedByResponder(signed: Signed, issuer: Certificate, at: number): boolean {
  const list = signed.rest.readOptional(contextTag(0, 'constructed'))
  const certificates = list === undefined ? [] : readDer(list.content, TAG.sequence).fields.rest()
  return certificates.some(({ whole }) => {
    const responder = new X509Certificate(whole)
    return isResponderOf(issuer, responder, at) && isSignedBy(signed, responder.publicKey)
  })
}

function isResponderOf({ x509: issuer }: Certificate, responder: X509Certificate, at: number): boolean {
  return (
    responder.checkIssued(issuer) &&
    responder.verify(issuer.publicKey) &&
    (responder.keyUsage ?? []).includes(OCSP_SIGNING) &&
    responder.validFromDate.getTime() <= at &&
    at <= responder.validToDate.getTime()
  )
}
