/**
 * One undici Pool in use, and the requests that are on it.
 *
 * Shared state: owned by one set of pools, which retires it.
 */

import type { Duplex } from 'node:stream'
import type { Dispatcher, Pool } from 'undici'
import type { Call } from '../../judge.ts'
import type { Clock } from '../../source/clock.ts'
import { connectionRevoked } from '../connections.ts'
import type { Destination } from '../destination.ts'
import type { Gate } from '../gate.ts'
import { IDLE_LIMIT_MS } from '../idle.ts'
import { type Watch, WatchedHandler } from './handler.ts'

export interface LivePoolOptions {
  readonly key: string
  readonly gate: Gate
  readonly clock: Clock
  /** Makes the pool, whose connections know this one. */
  readonly open: (live: LivePool) => Pool
  /** Dispatches a request anew that could not begin. */
  readonly again: (request: WatchedHandler) => void
  /** There is no request and no connection any more. */
  readonly unused: (live: LivePool) => void
}

export class LivePool implements Watch {
  readonly key: string
  readonly pool: Pool
  readonly again: (request: WatchedHandler) => void
  readonly #gate: Gate
  readonly #clock: Clock
  readonly #unused: (live: LivePool) => void
  /** WebSockets and tunnels that requests became. */
  readonly #upgraded = new Set<Duplex>()
  /** Requests that have a connection and have written nothing to it: their body is still to come (HTTP/1.1). */
  readonly #unwritten = new Set<WatchedHandler>()
  /** Requests dispatched and not ended. */
  #pending = 0
  /** Wall clock when the last request ended, ms. */
  #usedAt: number
  /** Whether the rules refused one of its connections: what is upgraded on it ends, too. */
  #isRevoked = false
  /** No request may begin any more. */
  isRetired = false
  isHttp2 = false

  constructor({ key, gate, clock, open, again, unused }: LivePoolOptions) {
    this.key = key
    this.#gate = gate
    this.#clock = clock
    this.#usedAt = clock.now()
    this.again = again
    this.#unused = unused
    this.pool = open(this)
    this.pool.on('disconnect', () => this.#dropIfUnused())
  }

  /** Whether the environment can't have been frozen since its last request. */
  get isFresh(): boolean {
    if (this.#pending > 0) return true
    const idle = this.#clock.now() - this.#usedAt
    return idle >= 0 && idle <= IDLE_LIMIT_MS
  }

  dispatch(
    destination: Destination,
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    this.#pending += 1
    return this.pool.dispatch(options, new WatchedHandler(this, destination, options, handler))
  }

  /** The rules refused a connection: what would go on for ever ends, and what has written nothing. */
  revoke(call: Call): void {
    this.#isRevoked = true
    // A request ends by itself; what it was upgraded to might go on for ever under a key that is revoked.
    for (const stream of this.#upgraded) stream.destroy()
    for (const request of this.#unwritten) request.giveUp(connectionRevoked(call))
  }

  mayBegin({ destination }: WatchedHandler): boolean {
    // A date may have passed while the request waited inside undici.
    this.#gate.review()
    return !this.isRetired && this.#gate.admits(destination.call)
  }

  began(request: WatchedHandler): void {
    if (!this.isHttp2 && !isWrittenAtOnce(request.options.body)) this.#unwritten.add(request)
  }

  written(request: WatchedHandler): void {
    this.#unwritten.delete(request)
  }

  upgraded(stream: Duplex): void {
    this.#upgraded.add(stream)
    // The answer that upgraded it may come after the policy had refused its connection.
    this.#gate.review()
    if (this.#isRevoked) stream.destroy()
    stream.once('close', () => this.#upgraded.delete(stream))
  }

  ended(): void {
    this.#pending -= 1
    if (this.#pending > 0) return
    this.#usedAt = this.#clock.now()
    this.#dropIfUnused()
  }

  /** A pool without connections and requests holds nothing worth keeping. */
  #dropIfUnused(): void {
    if (this.#pending > 0) return
    // Later: undici may be about to dispatch what waited for the connection that ended.
    queueMicrotask(() => {
      if (this.#pending === 0 && this.pool.stats.connected === 0) this.#unused(this)
    })
  }
}

/** Whether undici writes a request with this body in the same step in which it begins it. */
function isWrittenAtOnce(body: unknown): boolean {
  return body === null || body === undefined || typeof body === 'string' || ArrayBuffer.isView(body)
}
