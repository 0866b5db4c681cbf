/**
 * The pin check of the tutorials: `checkServerIdentity` that walks `issuerCertificate`. It can be got around (see
 * docs/evidence.md); here it is what a guard is compared with in speed.
 */

import { createHash } from 'node:crypto'
import { checkServerIdentity, type DetailedPeerCertificate, type PeerCertificate } from 'node:tls'

export function pinCheck(pins: () => ReadonlySet<string>) {
  return (host: string, certificate: PeerCertificate): Error | undefined => {
    const refusal = checkServerIdentity(host, certificate)
    if (refusal !== undefined) return refusal
    let current = certificate as DetailedPeerCertificate
    const seen = new Set<string>()
    while (current && !seen.has(current.fingerprint256)) {
      seen.add(current.fingerprint256)
      const { pubkey } = current
      if (pubkey && pins().has(`sha256/${createHash('sha256').update(pubkey).digest('base64')}`)) return undefined
      current = current.issuerCertificate
    }
    return new Error(`no pinned key for ${host}`)
  }
}
