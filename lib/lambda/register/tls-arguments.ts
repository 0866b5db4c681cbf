/**
 * The arguments of `tls.connect`, in each of Node's forms: `(options, callback)`, `(port, host, options, callback)` and
 * `(path, options, callback)`, whatever is missing.
 */

import type { ConnectionOptions } from 'node:tls'

export interface ReadConnection {
  readonly options: ConnectionOptions
  readonly callback: unknown
}

export function readConnection(parameters: readonly unknown[]): ReadConnection {
  const [first, second] = parameters
  const objects = parameters.filter((parameter) => typeof parameter === 'object' && parameter !== null)
  return {
    options: Object.assign({}, placeOf(first, second), ...objects),
    callback: parameters.find((parameter) => typeof parameter === 'function'),
  }
}

function placeOf(first: unknown, second: unknown): ConnectionOptions {
  if (typeof first === 'number' || (typeof first === 'string' && /^\d+$/.test(first))) {
    return { port: Number(first), ...(typeof second === 'string' ? { host: second } : {}) }
  }
  return typeof first === 'string' ? { path: first } : {}
}
