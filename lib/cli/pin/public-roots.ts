/**
 * The roots that come with Node, apart from what this machine adds (NODE_EXTRA_CA_CERTS, the system's): which root is
 * public wherever the policy goes, and which others its owner has.
 */

import { X509Certificate } from 'node:crypto'
import { getCACertificates } from 'node:tls'
import { Certificate } from '../../x509/certificate.ts'
import { TrustSet } from '../../x509/trust-set.ts'

let set: TrustSet | undefined

export function isPublicRoot(certificate: Certificate): boolean {
  set ??= new TrustSet(getCACertificates('bundled'))
  return set.has(certificate)
}

/** The roots whose owner (organisation) is the same: candidates for a backup. */
export function rootsOfSameOwner(root: Certificate): readonly Certificate[] {
  const owner = ownerOf(root.x509)
  if (owner === undefined) return []
  return getCACertificates('bundled')
    .map((pem) => new X509Certificate(pem))
    .filter((x509) => ownerOf(x509) === owner && !x509.raw.equals(root.der))
    .map((x509) => new Certificate(x509))
}

export function ownerOf({ subject }: X509Certificate): string | undefined {
  return /^O=(.+)$/m.exec(subject ?? '')?.[1]
}
