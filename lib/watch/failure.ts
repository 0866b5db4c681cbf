/**
 * Why no handshake came about, in words.
 *
 * Not here: what to do about it, which depends on who asks; that goes by the `kind`.
 */

import { findPinnedFetchError } from '../errors.ts'
import type { Call } from '../judge.ts'
import type { ProbeOptions } from '../net/probe.ts'
import { authority } from '../net/proxy/address.ts'

export type FailureKind =
  | 'no-such-name'
  | 'no-name-service'
  | 'nothing-listens'
  | 'no-answer'
  | 'no-tls'
  | 'handshake-ended'
  | 'no-common-tls'
  | 'hung-up'
  /** The proxy on the way. */
  | 'no-tunnel'
  /** Whoever looked has stopped. */
  | 'given-up'

export interface Failure {
  readonly kind: FailureKind
  /** Ours, TLS's, or the network's; unset: it has none. */
  readonly code: string | undefined
  /** One line, with the place. */
  readonly reason: string
}

/** By the code of Node's error; the first that fits. */
const KINDS: readonly (readonly [code: RegExp, kind: FailureKind, reason: string])[] = [
  [/^ENOTFOUND$/, 'no-such-name', 'there is no such name'],
  [/^EAI_/, 'no-name-service', 'the name could not be looked up'],
  [/^ECONNREFUSED$/, 'nothing-listens', 'nothing listens there'],
  [/^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/, 'no-answer', 'it does not answer'],
  [
    /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNEXPECTED_MESSAGE)|^ERR_SSL_.*HTTP_REQUEST/,
    'no-tls',
    'what answers does not speak TLS',
  ],
  [/ALERT|^EPROTO$/, 'handshake-ended', 'it ended the handshake'],
  [/^ERR_SSL_/, 'no-common-tls', 'no common form of TLS was found'],
]

const HUNG_UP = [/^/, 'hung-up', 'it hung up during the handshake'] as const

/** @param address where the host was looked for, when that is not where DNS says */
export function failureOf(call: Call, address: ProbeOptions['address'], error: unknown): Failure {
  const ours = findPinnedFetchError(error)
  if (ours?.code === 'ERR_PROXY_FAILED') {
    const { proxy, reason } = ours.evidence
    return { kind: 'no-tunnel', code: ours.code, reason: `the proxy ${proxy} made no tunnel: ${reason}` }
  }
  const code = codeOf(firstOf(error))
  const [, kind, reason] = KINDS.find(([pattern]) => pattern.test(code ?? '')) ?? HUNG_UP
  const detail = code === undefined ? '' : ` (${code})`
  return { kind, code, reason: `${placeOf(call, address)}: ${reason}${detail}` }
}

/** @param cause why: the reason of the signal */
export function givenUp(call: Call, address: ProbeOptions['address'], cause: unknown): Failure {
  const why = cause instanceof Error ? cause.message : String(cause)
  return { kind: 'given-up', code: codeOf(cause), reason: `${placeOf(call, address)}: given up, ${why}` }
}

function placeOf(call: Call, address: ProbeOptions['address']): string {
  if (address === undefined) return authority(call)
  return `${authority(call)} at ${authority({ host: address.host, port: address.port ?? call.port })}`
}

/** A name with several addresses fails once for each. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError ? (error.errors[0] ?? error) : error
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' ? code : undefined
}
