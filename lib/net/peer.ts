/**
 * What a peer showed in its handshake, read from the socket exactly once.
 *
 * `getPeerX509Certificate()` is the only view of *all* certificates in the order they were sent: the older
 * `getPeerCertificate(true)` follows issuers by name and leaves out what it cannot link. On Node <= 24 the call also
 * empties the socket's own list (nodejs/node#65579), so whoever calls it first gets the certificates and everybody
 * after gets none. For us none is a refusal. For those after us we keep them.
 */

import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { MAX_PRESENTED } from '../x509/path.ts'

/** The peer's certificates, leaf first, as sent; empty on a resumed session, or when somebody took them before. */
export function presentedCertificates(socket: TLSSocket): readonly X509Certificate[] {
  const certificates: X509Certificate[] = []
  let next = socket.getPeerX509Certificate()
  while (next !== undefined && certificates.length <= MAX_PRESENTED) {
    certificates.push(next)
    next = next.issuerCertificate
  }
  const leaf = certificates[0]
  if (leaf !== undefined)
    Object.defineProperty(socket, 'getPeerX509Certificate', { value: () => leaf, configurable: true })
  return certificates
}
