/**
 * Which key of a verified path to pin, and why.
 *
 * A CA's key, not the host's: in recorded renewals of large hosts the host's own key changed every time, the issuer's
 * one time in five, the root's one time in seventeen. Whoever holds the host's key and keeps it at each renewal may
 * pin that.
 *
 * What can't be chosen here is a backup: RFC 7469 section 4.3 asks for a key that is not in the path.
 */

import type { Certificate } from '../../x509/certificate.ts'
import type { VerifiedPath, VerifiedPaths } from '../../x509/path.ts'

export const ROLES = ['root', 'issuer', 'leaf'] as const

export type Role = (typeof ROLES)[number]

export interface Choice {
  /** What it is in its path. */
  readonly role: Role
  readonly certificate: Certificate
  readonly why: string
}

const WHY = {
  root: 'the key of its root: what changes below is no outage, and whatever that CA issues for this name passes',
  issuer: 'the key that issued its certificate: narrower than the root, and it changes more often',
  leaf: 'its own key: only for a host whose key you hold and keep at each renewal',
} as const

/** @param wanted which key; a path of one certificate has only the leaf's */
export function choiceOf(path: VerifiedPath, verified: VerifiedPaths, wanted: Role): Choice {
  const [leaf, ...issuers] = path.certificates
  if (leaf === undefined) throw new Error('a path without certificates')
  const [issuer] = issuers
  if (wanted === 'leaf' || issuer === undefined) return { role: 'leaf', certificate: leaf, why: WHY.leaf }
  return wanted === 'issuer' ? { role: 'issuer', certificate: issuer, why: WHY.issuer } : highestOf(issuers, verified)
}

/**
 * The root's key. Where a CA is cross-signed and the paths end in several roots, the last key that stands in all of
 * them: it goes on matching when one of those roots leaves the store.
 */
function highestOf(issuers: readonly Certificate[], { paths }: VerifiedPaths): Choice {
  const isShared = ({ keyHash }: Certificate) =>
    paths.every(({ certificates }) => certificates.some((other) => other.keyHash === keyHash))
  const root = issuers.at(-1)
  const certificate = issuers.findLast(isShared) ?? root
  if (certificate === undefined) throw new Error('a path without issuers')
  if (certificate === root) return { role: 'root', certificate, why: WHY.root }
  return { role: 'issuer', certificate, why: `the highest key that all its ${paths.length} paths share` }
}

/** Of all paths that verify the one to show: its root Node trusts anywhere, and as short as can be. */
export function pathToShow({ paths }: VerifiedPaths, isPublic: (root: Certificate) => boolean): VerifiedPath {
  const cost = ({ certificates }: VerifiedPath) => {
    const root = certificates.at(-1)
    return certificates.length + (root !== undefined && isPublic(root) ? 0 : 1_000)
  }
  const [path] = [...paths].sort((left, right) => cost(left) - cost(right))
  if (path === undefined) throw new Error('verified, and no path')
  return path
}
