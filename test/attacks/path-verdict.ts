/**
 * The path verifier alone, for what no server can stage because Node's own verification refuses it first, and for
 * counting paths.
 */

import { X509Certificate } from 'node:crypto'
import { type PathResult, verifyPath } from '../../lib/x509/path.ts'
import { TrustSet } from '../../lib/x509/trust-set.ts'
import type { Held } from '../support/authority.ts'
import { HOST } from './cast.ts'

export interface PathQuestion {
  /** In exactly this order, the leaf first. */
  readonly served: readonly Held[]
  readonly trusted: readonly Held[]
  /** Unset: {@link HOST}. */
  readonly host?: string
  /** Milliseconds since the epoch. Unset: now. */
  readonly now?: number
}

/** Every verified path as the pins of its keys, leaf first; or why there is none. */
export function verifiedPaths(question: PathQuestion): string[][] | string {
  const result = pathResult(question)
  if (result.verified === undefined) return result.reason
  return result.verified.paths.map(({ certificates }) => certificates.map(({ keyHash }) => `sha256/${keyHash}`))
}

function pathResult({ served, trusted, host = HOST, now = Date.now() }: PathQuestion): PathResult {
  const trust = new TrustSet(trusted.map(({ certificate }) => certificate))
  return verifyPath(
    served.map(({ der }) => new X509Certificate(der)),
    { host, trust, now },
  )
}
