/**
 * The options of one request of `node:https`, and what of them may reach `tls.connect`.
 *
 * Only what is listed here does: where from, how long, and who we are, never whom we trust. `servername`, `ca`,
 * `session`, `secureContext`, `rejectUnauthorized`, a socket: whatever else a caller sets is ignored, so none can loosen
 * the check. The caller's `checkServerIdentity` is asked as well, after ours: it can refuse, it can't allow.
 */

import type { ClientRequest } from 'node:http'
import type { RequestOptions } from 'node:https'
import type { LookupFunction, TcpNetConnectOpts } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { PinnedFetchError } from '../errors.ts'
import type { Call } from '../judge.ts'
import type { ForcedOptions } from './attempt.ts'
import { bothIdentityChecks, safeLookup } from './callbacks.ts'
import type { Gate } from './gate.ts'
import { SECURE_OPTIONS, type Trust } from './trust.ts'

/** What a request may say about its connection: where from, how long, and who we are. Never whom we trust. */
const TRANSPORT_OPTIONS = [
  'family',
  'hints',
  'localAddress',
  'localPort',
  'lookup',
  'autoSelectFamily',
  'autoSelectFamilyAttemptTimeout',
  'highWaterMark',
  'keepAlive',
  'keepAliveInitialDelay',
  'noDelay',
  'timeout',
] as const

/** Options that need a TLS context of their own; a connection with one of them is not resumed. */
const CONTEXT_OPTIONS = ['cert', 'key', 'pfx', 'passphrase', 'crl', 'minVersion', 'maxVersion'] as const

/** Carries the request from `addRequest` to `createConnection`, through Node's own code between them. */
export const REQUEST = Symbol('request')

/** What Node hands to an agent: the options of the request, of `tls.connect` and of `net.connect`, all in one. */
export type AnyOptions = RequestOptions &
  ConnectionOptions &
  Partial<Omit<TcpNetConnectOpts, 'host' | 'port' | 'timeout'>> & {
    readonly highWaterMark?: number
    readonly [REQUEST]?: ClientRequest
  } & { readonly socketPath?: string | undefined }

/** Where the request goes. */
export function callOf(options: AnyOptions, gate: Gate): Call {
  if (options.socketPath) {
    throw new PinnedFetchError('ERR_CONFIGURATION', {
      option: 'socketPath',
      problem: 'cannot be used with pinnedAgent: a socket path proves no host name',
      repair: 'call the host by its name, and use "lookup" to say where it is',
    })
  }
  return gate.callTo('https:', options.host ?? options.hostname ?? 'localhost', options.port ?? undefined)
}

/**
 * The arguments of `createConnection`, in both of Node's forms: `(options, callback)` and `(port, host, options,
 * callback)`.
 *
 * @throws {PinnedFetchError} `ERR_CONFIGURATION` without a callback: the judged socket comes later, or not at all
 */
export function connectionArguments(parameters: readonly unknown[]): {
  readonly options: AnyOptions
  readonly callback: (error: Error | null, socket?: TLSSocket) => void
} {
  const callback = parameters.find((parameter) => typeof parameter === 'function')
  if (callback === undefined) {
    throw new PinnedFetchError('ERR_CONFIGURATION', {
      option: 'createConnection',
      problem: 'was called without a callback',
      repair: 'give it one, or make the request by https.request with "agent"',
    })
  }
  const options: AnyOptions = Object.assign({}, ...parameters.filter((parameter) => typeof parameter === 'object'))
  const [port, host] = parameters
  return {
    options:
      typeof port === 'object' ? options : { ...options, port: Number(port), host: options.host ?? String(host) },
    callback: callback as (error: Error | null, socket?: TLSSocket) => void,
  }
}

/** The options for `tls.connect`: the caller's transport, our trust. */
export function connectOptions(
  options: AnyOptions,
  lookup: LookupFunction | undefined,
  { forced, trust }: { readonly forced: ForcedOptions; readonly trust: Trust },
): ConnectionOptions {
  const { secureContext, session, checkServerIdentity, ...always } = forced
  const ownContext = {
    ...pick(options, CONTEXT_OPTIONS),
    secureOptions: SECURE_OPTIONS,
    ...(trust.ca === undefined ? {} : { ca: [...trust.ca] }),
  }
  return {
    ...(lookup === undefined ? {} : { lookup }),
    ...pick(options, TRANSPORT_OPTIONS),
    ...(typeof options.lookup === 'function' ? { lookup: safeLookup(options.lookup) } : {}),
    ...(needsOwnContext(options) ? ownContext : { secureContext, ...(session === undefined ? {} : { session }) }),
    ...always,
    checkServerIdentity: bothIdentityChecks(checkServerIdentity, options.checkServerIdentity),
    ALPNProtocols: ['http/1.1'],
    host: options.host ?? options.hostname ?? 'localhost',
    port: Number(options.port ?? 443),
  }
}

/** Whether the request brings along what is part of a TLS context: a client certificate, a version. */
export function needsOwnContext(options: AnyOptions): boolean {
  return CONTEXT_OPTIONS.some((name) => options[name] !== undefined && options[name] !== null)
}

function pick<Name extends keyof AnyOptions>(options: AnyOptions, names: readonly Name[]): Pick<AnyOptions, Name> {
  const picked: Partial<Pick<AnyOptions, Name>> = {}
  for (const name of names) if (options[name] !== undefined && options[name] !== null) picked[name] = options[name]
  return picked as Pick<AnyOptions, Name>
}
