/**
 * What a recorded chain is verified up to: its own root, and those of Node.
 *
 * Node's set is the one of today, and a root that was good on the day of the recording may have left it since. So where
 * a chain was recorded with its root, that one counts as well: it was served by the host, and the recording is believed.
 * That is right for asking what would have been, and for nothing else.
 */

import type { X509Certificate } from 'node:crypto'
import { getCACertificates } from 'node:tls'
import type { HostEntry } from '../../policy/document.ts'
import { TrustSet } from '../../x509/trust-set.ts'

export class RecordedTrust {
  readonly #common = getCACertificates('default')
  /** Reading the 120-odd roots of Node takes milliseconds, so sets are kept; hosts have few roots. */
  readonly #sets = new Map<string, TrustSet>()

  /** The anchors of the entry alone, where it has its own. */
  for(certificates: readonly X509Certificate[], entry: HostEntry | undefined): TrustSet {
    if (entry?.anchors !== undefined) return this.#set(entry.anchors.join('\n'), entry.anchors)
    const root = certificates.find((certificate) => isRoot(certificate))?.toString()
    return this.#set(`node ${root}`, root === undefined ? this.#common : [...this.#common, root])
  }

  #set(key: string, pems: readonly string[]): TrustSet {
    const known = this.#sets.get(key) ?? new TrustSet(pems)
    this.#sets.set(key, known)
    return known
  }
}

function isRoot(certificate: X509Certificate): boolean {
  return certificate.ca && certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey)
}
