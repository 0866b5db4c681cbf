/**
 * Why no handshake came about, in words, with what to look at.
 */

import { findPinnedFetchError } from '../../errors.ts'
import type { Call } from '../../judge.ts'
import type { ProbeOptions } from '../../net/probe.ts'
import { authority } from '../../net/proxy/address.ts'
import { CommandError } from '../failure.ts'

/** By the code of Node's error; the first that fits. */
const REASONS: readonly (readonly [code: RegExp, reason: string, hint: string])[] = [
  [/^ENOTFOUND$/, 'there is no such name', 'look for a typing error, or say where it is with --address'],
  [/^EAI_/, 'the name could not be looked up', 'look at the DNS of this machine, or say where it is with --address'],
  [/^ECONNREFUSED$/, 'nothing listens there', 'look at the port, and at --address'],
  [
    /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/,
    'it does not answer',
    'a firewall may drop the connection; where a proxy is the only way out, name it with --proxy',
  ],
  [
    /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNEXPECTED_MESSAGE)|^ERR_SSL_.*HTTP_REQUEST/,
    'what answers does not speak TLS',
    'look at the port: plain HTTP is often on 80 or 8080',
  ],
  [
    /ALERT|^EPROTO$/,
    'it ended the handshake',
    'it may ask for another name (--servername), or for a client certificate',
  ],
  [/^ERR_SSL_/, 'no common form of TLS was found', 'the server may be too old for Node: look at its TLS versions'],
]

const HUNG_UP = [
  'it hung up during the handshake',
  'it may ask for another name (--servername), or refuse this address',
]

/** The error that a verb ends with, or tells, when a host can't be asked; what has a code of ours passes. */
export function unreachable(call: Call, address: ProbeOptions['address'], error: unknown): Error {
  const ours = findPinnedFetchError(error)
  if (ours !== undefined) return ours
  const cause = firstOf(error)
  const code = String((cause as NodeJS.ErrnoException | undefined)?.code ?? '')
  const [, reason, hint] = REASONS.find(([pattern]) => pattern.test(code)) ?? ['', ...HUNG_UP]
  const dialled = address === undefined ? '' : ` at ${authority({ port: call.port, ...definedOf(address) })}`
  const detail = code === '' ? '' : ` (${code})`
  return new CommandError(`${authority(call)}${dialled}: ${reason}${detail}`, hint ?? '', { cause: error })
}

/** A name with several addresses fails once for each. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError ? (error.errors[0] ?? error) : error
}

function definedOf({ host, port }: NonNullable<ProbeOptions['address']>): { host: string; port?: number } {
  return port === undefined ? { host } : { host, port }
}
