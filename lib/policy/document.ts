/**
 * A policy document for whoever has one at hand: read at once, with the list of public suffixes, and looked over.
 *
 * A guard does not come by here. It reads its document by reading.ts, and loads the list only where a wildcard asks for it
 * (source/intake.ts), the advice when no call waits (guard.ts). The public door names both by way of the functions of this
 * file: what it named directly a bundle would load at once.
 */

import { type Finding, lintPolicy as lint } from './lint.ts'
import { isPublicSuffix } from './public-suffix.ts'
import { type HostEntry, type Policy, readPolicy } from './reading.ts'

export type { Finding, HostEntry, Policy }

/** Reads a document. Throws `ERR_POLICY_MALFORMED`. */
export function parsePolicy(input: unknown): Policy {
  return readPolicy(input, isPublicSuffix)
}

/**
 * What is allowed in a policy and still likely to hurt.
 *
 * @param now Milliseconds since the epoch; unset: nothing is said about what has expired or will soon.
 */
export function lintPolicy(policy: Policy, now?: number): readonly Finding[] {
  return lint(policy, now)
}
