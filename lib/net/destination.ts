/**
 * Where the requests of an origin go, worked out once for each origin: reading its URL anew would cost more than judging
 * the request.
 *
 * Shared state: owned by one dispatcher.
 */

import type { Call } from '../judge.ts'
import { isAddress } from './call.ts'

export interface Destination {
  readonly call: Call
  /** As undici writes it: scheme, host and port. */
  readonly origin: string
  /** What TLS asks for; `undefined` for an address. */
  readonly servername: string | undefined
  /** One for each origin and judged name. */
  readonly key: string
}

/** Origins kept. Who calls more than these reads some of them anew. */
const MAX_KNOWN = 1_000

export class Destinations {
  readonly #callTo: CallTo
  readonly #known = new Map<string, Destination>()

  /** @param callTo the canonical call, or a refusal; asked again when it refused */
  constructor(callTo: CallTo) {
    this.#callTo = callTo
  }

  /** @throws {TypeError} for what is no URL; what `callTo` throws */
  at(origin: unknown): Destination {
    const text = String(origin ?? '')
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const url = new URL(text)
    const destination = destinationOf(url.origin, this.#callTo(url.protocol, url.hostname, url.port))
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    this.#known.set(text, destination)
    return destination
  }

  /** The same origin, judged by another name. @throws what `callTo` throws */
  named(destination: Destination, servername: string): Destination {
    const { origin, call } = destination
    return destinationOf(origin, this.#callTo(call.protocol, servername, call.port))
  }
}

type CallTo = (protocol: string, hostname: string, port: number | string | undefined) => Call

function destinationOf(origin: string, call: Call): Destination {
  const servername = isAddress(call.host) ? undefined : call.host
  return Object.freeze({ call: Object.freeze(call), origin, servername, key: `${origin} ${call.host}` })
}
