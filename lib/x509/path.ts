/**
 * Path verification: from the certificates a peer sent to an anchor that the socket's owner trusts.
 *
 * Implements the checks of RFC 5280 section 6.1 that matter to a TLS client, and searches as RFC 4158 describes: every
 * path that verifies is found, whatever order the certificates came in, and a dead branch kills none. What this returns
 * can be trusted; what it was given cannot. (CVE-2016-2402: comparing pins with the list that the server sent.)
 *
 * Not here: pins (judge.ts), revocation (nowhere; see SECURITY.md), and certificate policies, which TLS does not use.
 */

import type { X509Certificate } from 'node:crypto'
import { Certificate, sameName } from './certificate.ts'
import { forbiddenName } from './constraints.ts'
import type { TrustSet } from './trust-set.ts'

/** Certificates in one path, leaf and anchor included. OkHttp settled on nine signers; a longer path is refused. */
export const MAX_PATH_LENGTH = 10

/** Signatures checked per search. Go settled on 100 after CVE-2018-16875; beyond it the search ends. */
export const MAX_SIGNATURE_CHECKS = 100

/** Links followed per search. Mutual cross-signs multiply without end (RFC 4158 section 5.2); this ends them. */
export const MAX_STEPS = 2_000

/**
 * Name comparisons per search, for name constraints: as many as webpki allows. A CA and a leaf with thousands of names
 * each would cost seconds.
 */
export const MAX_NAME_COMPARISONS = 250_000

/** Paths kept per search. Real hosts have one to four; what lies beyond is not looked at. */
export const MAX_PATHS = 32

/** Certificates of the peer that are read. OpenSSL stops at 100 kB of them; real servers send two to five. */
export const MAX_PRESENTED = 128

/** One chain that verified: leaf first, anchor last. */
export interface VerifiedPath {
  readonly certificates: readonly Certificate[]
  /** The path is valid from this instant (ms since the epoch) … */
  readonly validFrom: number
  /** … to this one: the earliest end of any of its certificates. */
  readonly validUntil: number
}

/** The class is not exported, only its type: holding one is the proof that {@link verifyPath} made it. */
class Verified {
  /** The canonical host that the leaf names. */
  readonly host: string
  /** The `id` of the trust set that the paths end in. */
  readonly trustId: string
  /** From this instant on there may be more paths: a certificate begins that was not valid yet. */
  readonly completeUntil: number
  readonly #paths: readonly VerifiedPath[]

  constructor({ host, trust }: PathRequest, paths: readonly VerifiedPath[], completeUntil: number) {
    this.host = host
    this.trustId = trust.id
    this.completeUntil = completeUntil
    this.#paths = Object.freeze(paths.map((path) => Object.freeze(path)))
    Object.freeze(this)
  }

  /** At least one path, the first found first; frozen. */
  get paths(): readonly VerifiedPath[] {
    return this.#paths
  }
}

/** Every path that {@link verifyPath} verified for one host and one trust set. */
export type VerifiedPaths = Verified

export type PathResult =
  | { readonly verified: VerifiedPaths }
  | {
      readonly verified: undefined
      /** The most specific reason of all dead branches. */
      readonly reason: string
      /** What the peer sent, as far as it could be read; for a message, never for a decision. */
      readonly presented: readonly Certificate[]
    }

export interface PathRequest {
  /** Canonical host name or IP address; the leaf must name it. */
  readonly host: string
  readonly trust: TrustSet
  /** Milliseconds since the epoch. */
  readonly now: number
}

/**
 * Finds every path from the first of `presented` to an anchor of `trust`.
 *
 * @param presented as the peer sent them: the leaf first, then anything in any order
 */
export function verifyPath(presented: readonly X509Certificate[], request: PathRequest): PathResult {
  const certificates = readPresented(presented.slice(0, MAX_PRESENTED))
  const leaf = certificates[0]
  if (leaf === undefined) {
    return failed(presented.length === 0 ? 'the peer showed no certificate' : 'its certificate cannot be read', [])
  }
  const problem = leafProblem(leaf, request)
  if (problem !== undefined) return failed(problem, certificates)
  const search = new Search(certificates, request)
  search.extend([leaf])
  if (search.paths.length > 0) return { verified: new Verified(request, search.paths, search.completeUntil) }
  return failed(search.reason, certificates)
}

function failed(reason: string, presented: readonly Certificate[]): PathResult {
  return { verified: undefined, reason, presented }
}

/** Unreadable certificates are dropped, except that nothing stands in for an unreadable leaf. */
function readPresented(presented: readonly X509Certificate[]): Certificate[] {
  const certificates: Certificate[] = []
  for (const [position, x509] of presented.entries()) {
    try {
      const certificate = new Certificate(x509)
      if (!certificates.some((known) => known.der.equals(certificate.der))) certificates.push(certificate)
    } catch {
      if (position === 0) return []
    }
  }
  return certificates
}

function leafProblem(leaf: Certificate, { host, now }: PathRequest): string | undefined {
  if (leaf.version !== 3) return 'its certificate is not X.509 version 3'
  if (leaf.unknownCritical !== undefined)
    return `its certificate has the unknown critical extension ${leaf.unknownCritical}`
  if (!leaf.mayServeTls) return 'its certificate may not be used by a TLS server (extended key usage)'
  if (!leaf.isValidAt(now)) return `its certificate is ${whenInvalid(leaf, now)}`
  if (leaf.strongKey === undefined) return 'its key cannot be decoded, or is too weak'
  if (!leaf.covers(host)) return `its certificate does not name "${host}"`
  return undefined
}

/** Why a branch died, most specific last. A budget that ran out outranks all: the search is not complete. */
const RANK = { noIssuer: 0, signature: 1, issuer: 2, validity: 3, budget: 4 } as const

/** One depth-first search. Its state lives for one call of {@link verifyPath}. */
class Search {
  readonly paths: VerifiedPath[] = []
  /** When the first certificate begins that was not valid yet. */
  completeUntil = Number.POSITIVE_INFINITY
  readonly #presented: readonly Certificate[]
  readonly #request: PathRequest
  readonly #signatures = new Map<Certificate, Map<Certificate, boolean>>()
  #signatureChecks = 0
  #nameComparisons = 0
  #steps = 0
  #rank = -1
  #reason = 'no issuer was found'

  constructor(presented: readonly Certificate[], request: PathRequest) {
    this.#presented = presented
    this.#request = request
  }

  get reason(): string {
    return this.#reason
  }

  /** Follows every issuer of the last certificate of `chain`. */
  extend(chain: readonly Certificate[]): void {
    const last = chain.at(-1)
    if (last === undefined) return
    const { trust } = this.#request
    if (trust.has(last)) this.#accept(chain)
    const anchors = trust.named(last.issuer)
    const others = this.#presented.filter(
      (certificate) =>
        sameName(certificate.subject, last.issuer) && !anchors.some((anchor) => anchor.der.equals(certificate.der)),
    )
    if (!trust.has(last)) {
      if (last.isSelfIssued) this.#dead(RANK.noIssuer, () => `its root "${last.title}" is not trusted`)
      else if (anchors.length + others.length === 0) {
        this.#dead(RANK.noIssuer, () => `no issuer of "${last.title}" was sent or is trusted`)
      }
    }
    for (const issuer of [...anchors, ...others]) {
      if (this.#exhausted()) return
      this.#steps += 1
      if (chain.some((link) => repeats(link, issuer)) || !this.#mayIssue(issuer, chain)) continue
      // An anchor ends its path in the next call; one that is cross-signed goes on from there as well.
      this.extend([...chain, issuer])
    }
  }

  #accept(chain: readonly Certificate[]): void {
    this.paths.push({
      certificates: Object.freeze([...chain]),
      validFrom: Math.max(...chain.map((certificate) => certificate.notBefore)),
      validUntil: Math.min(...chain.map((certificate) => certificate.notAfter)),
    })
  }

  #exhausted(): boolean {
    const overspent =
      this.#steps >= MAX_STEPS ||
      this.#signatureChecks >= MAX_SIGNATURE_CHECKS ||
      this.#nameComparisons > MAX_NAME_COMPARISONS
    if (overspent) {
      this.#dead(RANK.budget, () => 'its certificates take more work than a path may cost')
      return true
    }
    return this.paths.length >= MAX_PATHS
  }

  #mayIssue(issuer: Certificate, chain: readonly Certificate[]): boolean {
    if (chain.length >= MAX_PATH_LENGTH) {
      return this.#dead(RANK.budget, () => `its path is longer than ${MAX_PATH_LENGTH} certificates`)
    }
    const problem = issuerProblem(issuer, chain)
    if (problem !== undefined) return this.#dead(RANK.issuer, () => `"${issuer.title}" ${problem}`)
    this.#nameComparisons += comparisonsOf(issuer, chain)
    if (this.#exhausted()) return false
    const forbidden = constraintProblem(issuer, chain)
    if (forbidden !== undefined) return this.#dead(RANK.issuer, () => `"${issuer.title}" ${forbidden}`)
    if (!issuer.isValidAt(this.#request.now)) {
      if (this.#request.now < issuer.notBefore) this.completeUntil = Math.min(this.completeUntil, issuer.notBefore)
      return this.#dead(RANK.validity, () => `"${issuer.title}" is ${whenInvalid(issuer, this.#request.now)}`)
    }
    const subject = chain.at(-1)
    if (subject === undefined || !this.#signed(subject, issuer)) {
      return this.#dead(RANK.signature, () => `"${issuer.title}" did not sign "${subject?.title}"`)
    }
    return true
  }

  /** Each pair is verified once: a signature is the expensive part of a search. */
  #signed(subject: Certificate, issuer: Certificate): boolean {
    const checked = this.#signatures.get(subject) ?? new Map<Certificate, boolean>()
    this.#signatures.set(subject, checked)
    const known = checked.get(issuer)
    if (known !== undefined) return known
    this.#signatureChecks += 1
    const signed = verifySignature(subject, issuer)
    checked.set(issuer, signed)
    return signed
  }

  /** @param reason made only when it is kept: it holds names, which may be long */
  #dead(rank: number, reason: () => string): false {
    if (rank > this.#rank) {
      this.#rank = rank
      this.#reason = reason()
    }
    return false
  }
}

/** A name and key may stand in a path once; else two CAs that signed each other make it endless (RFC 4158 5.2). */
function repeats(link: Certificate, issuer: Certificate): boolean {
  return link.keyHash === issuer.keyHash && sameName(link.subject, issuer.subject)
}

/** What forbids `issuer` to be the next certificate of `chain` (RFC 5280 section 6.1.4), apart from time and signature. */
function issuerProblem(issuer: Certificate, chain: readonly Certificate[]): string | undefined {
  if (issuer.version !== 3) return 'is not X.509 version 3'
  if (!issuer.isCa) return 'is not a CA'
  if (!issuer.maySignCertificates) return 'may not sign certificates (key usage)'
  if (!issuer.mayServeTls) return 'may not issue for TLS servers (extended key usage)'
  if (issuer.unknownCritical !== undefined) return `has the unknown critical extension ${issuer.unknownCritical}`
  const below = chain.slice(1).filter((certificate) => !certificate.isSelfIssued).length
  if (issuer.pathLength !== undefined && below > issuer.pathLength) {
    return `allows ${issuer.pathLength} intermediate certificates below it, ${below} stand there`
  }
  return undefined
}

/** How many comparisons {@link constraintProblem} may make. Counting a name costs nothing beside comparing it. */
function comparisonsOf({ nameConstraints: constraints }: Certificate, chain: readonly Certificate[]): number {
  if (constraints === undefined) return 0
  const subtrees = constraints.permitted.length + constraints.excluded.length
  return chain.reduce((sum, { names = [] }) => sum + subtrees * names.length, 0)
}

function constraintProblem(issuer: Certificate, chain: readonly Certificate[]): string | undefined {
  const constraints = issuer.nameConstraints
  if (constraints === undefined) return undefined
  for (const [position, certificate] of chain.entries()) {
    // Self-issued certificates are exempt unless they are the leaf (section 6.1.3 b).
    if (position > 0 && certificate.isSelfIssued) continue
    const { names } = certificate
    if (names === undefined) return `constrains names, and those of "${certificate.title}" cannot be read`
    if (forbiddenName(constraints, names) === undefined) continue
    return `may not speak for a name of "${certificate.title}" (name constraints)`
  }
  return undefined
}

function verifySignature(subject: Certificate, issuer: Certificate): boolean {
  if (!subject.stronglySigned) return false
  try {
    // checkIssued adds what OpenSSL demands of the link: names, authority key id against subject key id, key usage.
    if (!subject.x509.checkIssued(issuer.x509)) return false
    const key = issuer.strongKey
    return key !== undefined && subject.x509.verify(key)
  } catch {
    return false
  }
}

function whenInvalid(certificate: Certificate, now: number): string {
  return now < certificate.notBefore
    ? `not valid before ${new Date(certificate.notBefore).toISOString()}`
    : `expired since ${new Date(certificate.notAfter).toISOString()}`
}
