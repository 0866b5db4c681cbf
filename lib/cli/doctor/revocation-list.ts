/**
 * Revocation lists (RFC 5280 section 5): read, matched with the certificates that they speak for, and believed only when
 * the issuer of the certificate has signed them.
 *
 * Not here: lists by another signer (indirect ones) and delta lists; they count as silent.
 */

import type { X509Certificate as NodeCertificate } from 'node:crypto'
import type { X509Certificate, X509Crl } from '@peculiar/x509'
import { formatInstant } from '../../policy/instant.ts'
import type { Certificate } from '../../x509/certificate.ts'
import { contextTag, readDer, TAG } from '../../x509/der.ts'
import type { Standing } from './facts.ts'
import { isSignedBy, readSigned } from './signed-by.ts'

export interface RevocationList {
  /** A file, or the URL that it was fetched from. */
  readonly source: string
  readonly crl: X509Crl
}

const ISSUING_DISTRIBUTION_POINT = '2.5.29.28'
const DELTA = '2.5.29.27'

/** @param bytes PEM or DER @throws {Error} when it is no list */
export async function readList(bytes: Buffer, source: string): Promise<RevocationList> {
  const { X509Crl } = await loadX509()
  const text = bytes.toString('latin1')
  return { source, crl: new X509Crl(text.includes('-----BEGIN') ? text : Uint8Array.from(bytes)) }
}

/** The http addresses at which a certificate says its list is. */
export async function listUrlsOf(x509: NodeCertificate): Promise<readonly string[]> {
  const { CRLDistributionPointsExtension } = await loadX509()
  const points = (await read(x509)).getExtension(CRLDistributionPointsExtension)?.distributionPoints ?? []
  const urls = points.flatMap(({ distributionPoint }) => distributionPoint?.fullName ?? [])
  return urls.flatMap(({ uniformResourceIdentifier: url }) => (url?.startsWith('http:') ? [url] : []))
}

/** What the lists say of a certificate. @param at milliseconds since the epoch */
export async function standingOf(
  certificate: Certificate,
  issuer: Certificate,
  lists: readonly RevocationList[],
  at: number,
): Promise<Standing> {
  const subject = certificate.title
  const [own, signer] = [await read(certificate.x509), await read(issuer.x509)]
  const urls = await listUrlsOf(certificate.x509)
  let problem: string | undefined
  let good: Standing | undefined
  for (const { source, crl } of lists) {
    if (crl.issuer !== signer.subject || !speaksFor(crl, certificate, urls)) continue
    if (!isSignedBy(readSigned(Buffer.from(crl.rawData)), issuer.x509.publicKey)) {
      problem ??= `the list ${source} is not signed by its issuer`
      continue
    }
    const entry = crl.findRevoked(own)
    if (entry !== null) {
      const reason = entry.reason === undefined ? {} : { reason: await reasonName(entry.reason) }
      return { subject, state: 'revoked', source, since: entry.revocationDate.getTime(), ...reason }
    }
    const end = crl.nextUpdate?.getTime()
    if (end !== undefined && end < at) problem ??= `the list ${source} has ended at ${formatInstant(end)}`
    else if (crl.thisUpdate.getTime() > at) problem ??= `the list ${source} is of a later time`
    else good ??= { subject, state: 'good', source }
  }
  return good ?? { subject, state: 'unknown', ...(problem === undefined ? {} : { problem }) }
}

/** Big authorities cut their lists into parts, each for the certificates that name its address (section 5.2.5). */
function speaksFor(crl: X509Crl, certificate: Certificate, urls: readonly string[]): boolean {
  if (crl.extensions.some(({ type }) => type === DELTA)) return false
  const scope = crl.extensions.find(({ type }) => type === ISSUING_DISTRIBUTION_POINT)
  if (scope === undefined) return true
  try {
    const fields = readDer(Buffer.from(scope.value), TAG.sequence).fields
    const point = fields.readOptional(contextTag(0, 'constructed'))
    const [onlyUsers, onlyAuthorities] = [1, 2].map((tag) => fields.readOptional(contextTag(tag, 'primitive')))
    const isLimited = !fields.atEnd
    if (isLimited || (certificate.isCa ? onlyUsers : onlyAuthorities) !== undefined) return false
    return point === undefined || urls.some((url) => point.content.includes(url, 0, 'latin1'))
  } catch {
    return false
  }
}

async function reasonName(reason: number): Promise<string> {
  const { X509CrlReason } = await loadX509()
  return X509CrlReason[reason] ?? `reason ${reason}`
}

async function read(x509: NodeCertificate): Promise<X509Certificate> {
  const { X509Certificate } = await loadX509()
  return new X509Certificate(Uint8Array.from(x509.raw))
}

/** Loaded for the first list, since it takes long. */
async function loadX509(): Promise<typeof import('@peculiar/x509')> {
  await import('reflect-metadata')
  return await import('@peculiar/x509')
}
