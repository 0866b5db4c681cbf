/**
 * An interceptor that reads what TLS should keep secret, as the tests see it, whichever program it is.
 */

import { X509Certificate } from 'node:crypto'
import { pinOf } from '../../support/authority.ts'

/** The authority in whose name an interceptor answers: the one that a company puts into its trust stores. */
export interface Trusted {
  /** PEM. */
  readonly certificate: string
  readonly pin: string
}

/** What an interceptor read in clear, by its own account. */
export interface InterceptorRecord {
  /** Requests within TLS: a CONNECT, which comes before it, is none. */
  readonly requests: number
  /** Bytes within TLS, or as many of them as the program counts. */
  readonly decrypted: number
  /** TLS versions of the connections that it tells of. */
  readonly versions: readonly string[]
  /** HTTP versions of the requests. */
  readonly protocols: readonly string[]
  /** All that it wrote and said, whatever its form. */
  readonly everything: string
}

export interface Interceptor {
  readonly port: number
  /** How a client comes to it. `direct`: it answers in the origin's place, and nobody has to say CONNECT. */
  readonly protocol: 'http' | 'socks5' | 'direct'
  readonly authority: Trusted
  /** What of a request's body shows in its record; its line and headers always do. */
  readonly isBodyRecorded: boolean
  record(): Promise<InterceptorRecord>
  /**
   * When it has done with so many clients since its start, by its own account. Unset: it closes its connections then,
   * which mitmproxy forgets for a client that leaves in the middle of a handshake.
   */
  whenDisconnected?(clients: number): Promise<void>
  /** Ends it in peace; its record is complete then, and stays until `stop`. */
  end(): Promise<void>
  stop(): Promise<void>
}

export interface InterceptorOptions {
  readonly originPort: number
  /** The only version that it speaks to its clients. */
  readonly version: 'TLSv1.2' | 'TLSv1.3'
}

export function trusted(certificate: string): Trusted {
  return { certificate, pin: pinOf(new X509Certificate(certificate).publicKey) }
}
