/**
 * What a peer showed in its handshake, read from the socket exactly once, by us, before anybody else.
 *
 * `getPeerX509Certificate()` is the only view of *all* certificates in the order they were sent: the older
 * `getPeerCertificate(true)` follows issuers by name and leaves out what it cannot link. On Node <= 24 the call also
 * empties the socket's own list (nodejs/node#65579): whoever comes first gets the certificates and everybody after
 * gets none. For us none is a refusal.
 *
 * The older call is also dangerous: Node makes it by itself in every handshake, and Node 24 dies of it (segmentation
 * fault) when any certificate has an elliptic curve without a NIST name. So both calls are answered by us, on this
 * socket, from what we read.
 */

import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { MAX_PRESENTED } from '../x509/path.ts'

/** Certificates by the socket that brought them. */
const shown = new WeakMap<TLSSocket, readonly X509Certificate[]>()

/** Takes the peer's certificates as soon as there are any. Called before the handshake. */
export function takeCertificates(socket: TLSSocket): void {
  const answers = {
    getPeerCertificate: () => legacyCertificate(presentedCertificates(socket), 0, new Set()) ?? {},
    getPeerX509Certificate: () => presentedCertificates(socket)[0],
  }
  Object.defineProperties(
    socket,
    Object.fromEntries(Object.entries(answers).map(([name, value]) => [name, { value, configurable: true }])),
  )
}

/** The peer's certificates, leaf first, as sent; empty on a resumed session, or when somebody took them before us. */
export function presentedCertificates(socket: TLSSocket): readonly X509Certificate[] {
  const known = shown.get(socket)
  if (known !== undefined) return known
  const certificates: X509Certificate[] = []
  // The method of the class: on the socket itself stands our answer.
  const read: TLSSocket['getPeerX509Certificate'] = Object.getPrototypeOf(socket).getPeerX509Certificate
  let next = read.call(socket)
  while (next !== undefined && certificates.length <= MAX_PRESENTED) {
    certificates.push(next)
    next = next.issuerCertificate
  }
  // Before the handshake there is nothing to keep.
  if (certificates.length > 0) shown.set(socket, certificates)
  return certificates
}

/**
 * The form that `tls.checkServerIdentity` and callers of `getPeerCertificate` know, without the fields of the public
 * key. `issuerCertificate` is linked by name, as Node does: informational only.
 */
function legacyCertificate(
  certificates: readonly X509Certificate[],
  position: number,
  seen: Set<number>,
): object | undefined {
  const certificate = certificates[position]
  if (certificate === undefined || seen.has(position)) return undefined
  seen.add(position)
  const issuer = certificates.findIndex((other, index) => !seen.has(index) && certificate.checkIssued(other))
  return {
    subject: nameFields(certificate.subject),
    issuer: nameFields(certificate.issuer),
    subjectaltname: certificate.subjectAltName,
    infoAccess: nameFields(certificate.infoAccess),
    ca: certificate.ca,
    valid_from: certificate.validFrom,
    valid_to: certificate.validTo,
    fingerprint: certificate.fingerprint,
    fingerprint256: certificate.fingerprint256,
    fingerprint512: certificate.fingerprint512,
    ext_key_usage: certificate.keyUsage,
    serialNumber: certificate.serialNumber,
    raw: certificate.raw,
    issuerCertificate: legacyCertificate(certificates, issuer, seen),
  }
}

/** `CN=Example\nO=Example` as an object; a name that comes twice holds a list. */
function nameFields(text: string | undefined): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = Object.create(null)
  for (const line of (text ?? '').split('\n')) {
    const [, name, value] = /^([^=:]+)[=:](.*)$/.exec(line) ?? []
    if (name === undefined || value === undefined) continue
    const known = fields[name]
    fields[name] = known === undefined ? value : [known, value].flat()
  }
  return fields
}
