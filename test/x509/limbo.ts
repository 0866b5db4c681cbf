/**
 * The cases of C2SP/x509-limbo and of Netflix BetterTLS, when the data is there, put to `verifyPath`.
 *
 * A case without a name to expect, or for a client's certificate, is no question that a TLS client can ask.
 */

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { canonicalHost } from '../../lib/policy/host.ts'
import { type PathResult, verifyPath } from '../../lib/x509/path.ts'
import { TrustSet } from '../../lib/x509/trust-set.ts'
import { dataPath } from './real-chains.ts'

export interface LimboCase {
  readonly id: string
  readonly expected_result: 'SUCCESS' | 'FAILURE'
  readonly validation_kind: 'SERVER' | 'CLIENT'
  readonly expected_peer_name: { readonly kind: string; readonly value: string } | null
  readonly validation_time: string | null
  readonly peer_certificate: string
  readonly untrusted_intermediates: readonly string[]
  readonly trusted_certs: readonly string[]
}

/** BetterTLS mints at the real clock; at this instant its good certificates are valid and its expired ones are not. */
const BETTER_TLS_TIME = Date.parse('2026-12-01T00:00:00Z')

/** A limbo case without a time of its own is valid for centuries. */
const LIMBO_TIME = Date.parse('2026-01-01T00:00:00Z')

export function readCases(file: string): LimboCase[] {
  const text = gunzipSync(readFileSync(dataPath(file))).toString()
  return (JSON.parse(text) as { readonly testcases: LimboCase[] }).testcases
}

export function isBetterTls({ id }: LimboCase): boolean {
  return id.startsWith('bettertls')
}

/** What we make of a case, or undefined when it is none that a TLS client can ask. */
export function answerTo(limbo: LimboCase): PathResult | undefined {
  const { expected_peer_name: name, validation_kind: kind } = limbo
  if (kind !== 'SERVER' || name === null) return undefined
  const host = canonicalHost(name.value)
  if (host === undefined) throw new Error(`${limbo.id}: "${name.value}" is no host`)
  return verifyPath([limbo.peer_certificate, ...limbo.untrusted_intermediates].flatMap(parsed), {
    host,
    trust: new TrustSet(limbo.trusted_certs),
    now: timeOf(limbo),
  })
}

/** A certificate that Node can't parse never leaves its socket. */
function parsed(pem: string): X509Certificate[] {
  try {
    return [new X509Certificate(pem)]
  } catch {
    return []
  }
}

function timeOf(limbo: LimboCase): number {
  if (isBetterTls(limbo)) return BETTER_TLS_TIME
  return limbo.validation_time === null ? LIMBO_TIME : Date.parse(limbo.validation_time)
}
