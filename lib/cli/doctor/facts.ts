/**
 * All that was found out about the way to a host, before anything is made of it. The checks are functions of this.
 */

import type { X509Certificate } from 'node:crypto'
import type { Call } from '../../judge.ts'
import type { Policy } from '../../policy/document.ts'
import type { Certificate } from '../../x509/certificate.ts'
import type { PathResult } from '../../x509/path.ts'

export interface Facts {
  readonly call: Call
  /** The name that TLS asks for and verifies. */
  readonly servername: string
  /** The clock of this machine, ms since the epoch. */
  readonly now: number
  /** The time that certificates are judged at: `now`, or the host's when the clock of this machine is wrong. */
  readonly judgedAt: number
  /** The certificates come from a file; nobody was asked. */
  readonly isRecorded: boolean
  /** The way that was taken; unset: nobody was asked. */
  readonly route: Route | undefined
  /** The way that failed before the proxy of the environment was tried. */
  readonly direct: Route | undefined
  /** The variable of the environment that names a proxy for this host. */
  readonly variable: Variable | undefined
  /** Why there was no handshake. */
  readonly failure: HandshakeFailure | undefined
  readonly protocol: string | undefined
  /** Node's own refusal, its code. */
  readonly nodeProblem: string | undefined
  readonly chain: Chain | undefined
  readonly hostClock: HostClock
  readonly revocation: Revocation
  readonly secret: SecretFacts | undefined
  readonly policy: PolicyFacts | undefined
}

export interface Route {
  /** Who is dialled first. */
  readonly target: { readonly host: string; readonly port: number; readonly is: 'host' | 'proxy' | 'address' }
  /** Without credentials. */
  readonly proxy: string | undefined
  readonly addresses: readonly string[]
  /** Why the name has no address: a code like `ENOTFOUND`. */
  readonly lookupProblem: string | undefined
  readonly attempts: readonly Attempt[]
}

export interface Attempt {
  readonly address: string
  /** Of Node's error, like `ECONNREFUSED`; unset: it was connected. */
  readonly problem: string | undefined
}

export interface Variable {
  readonly name: string
  /** The proxy without credentials; unset: its value is no proxy's URL. */
  readonly proxy: string | undefined
}

export interface HandshakeFailure {
  readonly stage: 'proxy' | 'tls'
  readonly message: string
  readonly hint: string
}

/** What a host showed, verified in ways that tell time, name and trust apart. */
export interface Chain {
  readonly presented: readonly X509Certificate[]
  /** Those that can be read, the leaf first. */
  readonly certificates: readonly Certificate[]
  readonly trustId: string
  /** For the host, at the time of the judgement: what a guard would make of it. */
  readonly path: PathResult
  /** For a name that the leaf has, at a time when it is valid: what is wrong here is neither name nor time. */
  readonly timeless: PathResult
  /** That time, ms since the epoch. */
  readonly timelessAt: number
  /** For the host, at that time: what is wrong here is not the time. */
  readonly proven: PathResult
  /** DNS names and addresses of the leaf. */
  readonly names: readonly string[]
  readonly missing: MissingIssuer | undefined
  /** Through a proxy: whether the host shows the same leaf directly. */
  readonly directLeaf: 'same' | 'other' | 'unseen'
}

export interface MissingIssuer {
  /** The certificate whose issuer was neither sent nor is trusted. */
  readonly of: Certificate
  readonly issuer: string
  /** Where the certificate says its issuer is (RFC 5280 section 4.2.2.1). */
  readonly url: string | undefined
  /** Fetched from there, and it makes the path verify. */
  readonly isFound: boolean
  /** Why it was not fetched. */
  readonly problem: string | undefined
}

export type HostClock =
  | { readonly isKnown: true; readonly date: number; readonly aheadMs: number; readonly isOursWrong: boolean }
  | { readonly isKnown: false; readonly reason: string }

export interface Revocation {
  /** Of each certificate of the path but the anchor. */
  readonly standings: readonly Standing[]
  readonly staple: Staple | undefined
}

export interface Standing {
  readonly subject: string
  readonly state: 'good' | 'revoked' | 'unknown'
  /** The list that says so: a file, or a URL. */
  readonly source?: string
  readonly since?: number
  readonly reason?: string
  readonly problem?: string
}

/** A stapled OCSP response (RFC 6960 section 4.2.1). Its signature is not verified. */
export interface Staple {
  readonly state: 'good' | 'revoked' | 'unknown' | 'unreadable'
  /** Whether the leaf's issuer, or a responder that it has named, has signed it. */
  readonly isProven: boolean
  readonly thisUpdate?: number
  readonly nextUpdate?: number
}

export interface SecretFacts {
  readonly id: string
  readonly version?: string
  /** When that version was written, ms since the epoch. */
  readonly created?: number
  readonly problem?: {
    /** The SDK's name of it, such as `AccessDeniedException`. */
    readonly name: string
    readonly hint: string
    /** AWS's words; they name who asked. */
    readonly words: string
  }
}

export type PolicyFacts =
  | { readonly policy: Policy; readonly version: string | undefined; readonly name: string }
  | { readonly policy: undefined; readonly problem: string; readonly hint: string }
