/**
 * The arguments of `tls.connect`, in each of Node's forms: `(options, callback)`, `(port, host, options, callback)` and
 * `(path, options, callback)`, whatever is missing.
 */

import type { Duplex } from 'node:stream'
import type { ConnectionOptions } from 'node:tls'

export interface ReadConnection {
  readonly options: ConnectionOptions
  readonly callback: unknown
  /** Where it is dialled; over a socket of the caller's, whom that socket was opened to, if it is known. */
  readonly host: string | undefined
  /** The ports that it may go to, the likeliest first. */
  readonly ports: readonly number[]
}

const HTTPS_PORT = 443

export function readConnection(parameters: readonly unknown[]): ReadConnection {
  const [first, second] = parameters
  const objects = parameters.filter((parameter) => typeof parameter === 'object' && parameter !== null)
  const options: ConnectionOptions = Object.assign({}, placeOf(first, second), ...objects)
  const { socket } = options
  return {
    options,
    callback: parameters.find((parameter) => typeof parameter === 'function'),
    host: options.host ?? hostOf(socket),
    ports: options.port === undefined ? [HTTPS_PORT, ...remotePort(socket)] : [Number(options.port)],
  }
}

function placeOf(first: unknown, second: unknown): ConnectionOptions {
  if (typeof first === 'number' || (typeof first === 'string' && /^\d+$/.test(first))) {
    return { port: Number(first), ...(typeof second === 'string' ? { host: second } : {}) }
  }
  return typeof first === 'string' ? { path: first } : {}
}

/** Node takes it for the name to verify, too. */
function hostOf(socket: Duplex | undefined): string | undefined {
  const host: unknown = socket === undefined ? undefined : Reflect.get(socket, '_host')
  return typeof host === 'string' ? host : undefined
}

function remotePort(socket: Duplex | undefined): number[] {
  const port: unknown = socket === undefined ? undefined : Reflect.get(socket, 'remotePort')
  return typeof port === 'number' && port !== HTTPS_PORT ? [port] : []
}
