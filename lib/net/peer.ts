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
  Object.defineProperties(socket, ANSWERS)
}

/** What stands on a socket instead of the methods of its class. */
const ANSWERS: PropertyDescriptorMap = {
  getPeerCertificate: {
    value: function getPeerCertificate(this: TLSSocket): object {
      return legacyCertificate(presentedCertificates(this), 0, new Set()) ?? {}
    },
    configurable: true,
  },
  getPeerX509Certificate: {
    value: function getPeerX509Certificate(this: TLSSocket): X509Certificate | undefined {
      return presentedCertificates(this)[0]
    },
    configurable: true,
  },
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
 *
 * Node asks for it in every handshake, and then reads two of the fields: each is made when it is read.
 */
function legacyCertificate(
  certificates: readonly X509Certificate[],
  position: number,
  seen: ReadonlySet<number>,
): object | undefined {
  const certificate = certificates[position]
  if (certificate === undefined || seen.has(position)) return undefined
  const known = new Set(seen).add(position)
  return {
    get subject() {
      return nameFields(certificate.subject)
    },
    get issuer() {
      return nameFields(certificate.issuer)
    },
    get subjectaltname() {
      return certificate.subjectAltName
    },
    get infoAccess() {
      return nameFields(certificate.infoAccess)
    },
    get ca() {
      return certificate.ca
    },
    get valid_from() {
      return certificate.validFrom
    },
    get valid_to() {
      return certificate.validTo
    },
    get fingerprint() {
      return certificate.fingerprint
    },
    get fingerprint256() {
      return certificate.fingerprint256
    },
    get fingerprint512() {
      return certificate.fingerprint512
    },
    get ext_key_usage() {
      return certificate.keyUsage
    },
    get serialNumber() {
      return certificate.serialNumber
    },
    get raw() {
      return certificate.raw
    },
    get issuerCertificate() {
      const issuer = certificates.findIndex((other, index) => !known.has(index) && certificate.checkIssued(other))
      return legacyCertificate(certificates, issuer, known)
    },
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
