/**
 * The certificates of a host, verified several times over, so that time, name and trust can be told apart: verifyPath
 * (x509/path.ts) gives one reason, the first, and a doctor wants each.
 */

import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { canonicalHost } from '../../policy/host.ts'
import { Certificate } from '../../x509/certificate.ts'
import { type PathResult, verifyPath } from '../../x509/path.ts'
import type { TrustSet } from '../../x509/trust-set.ts'
import type { Chain, MissingIssuer } from './facts.ts'

export interface ChainRequest {
  /** The name that must be in the leaf. */
  readonly host: string
  readonly trust: TrustSet
  /** Milliseconds since the epoch. */
  readonly now: number
}

export function analyse(presented: readonly X509Certificate[], { host, trust, now }: ChainRequest): Chain {
  const certificates = readable(presented)
  const [leaf] = certificates
  const names = leaf === undefined ? [] : namesOf(leaf)
  const own = leaf?.covers(host) ? host : ownName(names)
  const { timeless, at } = timelessPath(presented, certificates, { host: own ?? host, trust, now })
  return {
    presented,
    certificates,
    trustId: trust.id,
    path: verifyPath(presented, { host, trust, now }),
    timeless,
    timelessAt: at,
    proven: verifyPath(presented, { host, trust, now: at }),
    names,
    missing: timeless.verified === undefined ? missingIssuer(certificates, trust) : undefined,
    directLeaf: 'unseen',
  }
}

/** Whether the issuer that was fetched makes the path whole. */
export function isWholeWith(issuer: X509Certificate, chain: Chain, trust: TrustSet): boolean {
  const name = ownName(chain.names)
  if (name === undefined) return false
  return (
    timelessPath([...chain.presented, issuer], chain.certificates, { host: name, trust, now: chain.timelessAt })
      .timeless.verified !== undefined
  )
}

/** Now if it verifies now; else at the first instant at which it does. A path begins or ends with one of its certificates. */
function timelessPath(
  presented: readonly X509Certificate[],
  [leaf, ...others]: readonly Certificate[],
  { host, trust, now }: ChainRequest,
): { readonly timeless: PathResult; readonly at: number } {
  const today = verifyPath(presented, { host, trust, now })
  if (leaf === undefined || today.verified !== undefined) return { timeless: today, at: now }
  const instants = [
    now,
    leaf.notAfter,
    leaf.notBefore,
    ...others.flatMap(({ notBefore, notAfter }) => [notAfter, notBefore]),
  ]
  const candidates = instants.filter((instant) => leaf.isValidAt(instant))
  for (const at of candidates) {
    const timeless = verifyPath(presented, { host, trust, now: at })
    if (timeless.verified !== undefined) return { timeless, at }
  }
  const at = candidates[0] ?? now
  return { timeless: verifyPath(presented, { host, trust, now: at }), at }
}

function readable(presented: readonly X509Certificate[]): Certificate[] {
  return presented.flatMap((x509) => {
    try {
      return [new Certificate(x509)]
    } catch {
      return []
    }
  })
}

/** `DNS:a.example, IP Address:192.0.2.1`; an odd name comes in quotes, and stays out. */
function namesOf({ x509: { subjectAltName = '' } }: Certificate): string[] {
  return subjectAltName.split(', ').flatMap((text) => /^(?:DNS|IP Address):([^"]+)$/.exec(text)?.[1] ?? [])
}

/** A host that the leaf covers. */
function ownName(names: readonly string[]): string | undefined {
  for (const name of names) {
    const host = canonicalHost(isIP(name) === 0 ? name.replace(/^\*\./, 'a.') : name)
    if (host !== undefined) return host
  }
  return undefined
}

/** Follows the issuers by name and finds the certificate that has none. */
function missingIssuer(certificates: readonly Certificate[], trust: TrustSet): MissingIssuer | undefined {
  let [current] = certificates
  const seen = new Set<Certificate>()
  while (current !== undefined && !seen.has(current)) {
    const below: Certificate = current
    seen.add(below)
    if (below.isSelfIssued || trust.named(below.issuer).length > 0) return undefined
    current = certificates.find(({ x509 }) => below.x509.checkIssued(x509))
    if (current === undefined) return missing(below)
  }
  return undefined
}

function missing(of: Certificate): MissingIssuer {
  const issuer = of.x509.issuer.split('\n').reverse().join(', ')
  const url = /^CA Issuers - URI:(http:.*)$/m.exec(of.x509.infoAccess ?? '')?.[1]
  return { of, issuer, url, isFound: false, problem: undefined }
}
