/**
 * Asks `verifyPath` about minted certificates, and shows an answer the way a test compares it.
 */

import { X509Certificate } from 'node:crypto'
import { type PathResult, type VerifiedPaths, verifyPath } from '../../lib/x509/path.ts'
import { TrustSet } from '../../lib/x509/trust-set.ts'
import { type CertificateSpec, type Held, intermediateOf, leafOf, mint, rootAuthority } from '../support/authority.ts'

export interface Question {
  readonly anchors: readonly Held[]
  /** Unset: `a.test`. */
  readonly host?: string
  /** Unset: the present. */
  readonly now?: number
}

export const HOST = 'a.test'

/** Leaf, issuing CA and root, each minted otherwise than usual where `change` says so. */
export async function chainWith(change: { leaf?: CertificateSpec; issuing?: CertificateSpec; root?: CertificateSpec }) {
  const root = await rootAuthority('Other Root', change.root)
  const issuing = await intermediateOf(root, 'Other Issuing', change.issuing)
  return { presented: [await leafOf(issuing, [HOST], change.leaf), issuing], anchors: [root] }
}

/** The same name and key, under another issuer. */
export function crossSigned(held: Held, issuer: Held, options: CertificateSpec = {}): Promise<Held> {
  return mint({ subject: held.subject, keys: held, ca: true, issuer, ...options })
}

/** @param presented the leaf first */
export function ask(presented: readonly Held[], { anchors, host = HOST, now = Date.now() }: Question): PathResult {
  return verifyPath(x509Of(presented), { host, trust: trustOf(anchors), now })
}

export function x509Of(presented: readonly Held[]): X509Certificate[] {
  return presented.map(({ der }) => new X509Certificate(der))
}

export function trustOf(anchors: readonly Held[]): TrustSet {
  return new TrustSet(anchors.map(({ certificate }) => certificate))
}

/** Why there is no path; throws when there is one. */
export function reasonOf(result: PathResult): string {
  if (result.verified !== undefined) throw new Error(`verified: ${linesOf(result).join('; ')}`)
  return result.reason
}

/** The paths found, in their order, each as `a.test < Issuing < Root`; none: empty. */
export function linesOf({ verified }: { readonly verified: VerifiedPaths | undefined }): string[] {
  return (verified?.paths ?? []).map(({ certificates }) =>
    certificates.map(({ title }) => title.replace('CN=', '')).join(' < '),
  )
}
