/**
 * One undici Pool for each place that is called, its connector passing the gate.
 *
 * A pool is retired as a whole when a policy, a date, a freeze or idleness takes one of its connections out of use: no
 * request begins on it any more, its idle connections close, its running requests finish. What was upgraded (WebSocket,
 * CONNECT) has no end of its own: a revocation ends it, idleness does not. The next request makes a new
 * pool, whose handshakes resume from the sessions that still pass.
 *
 * Shared state: one instance per guard.
 */

import type { LookupFunction } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Dispatcher, Pool } from 'undici'
import type { Call } from '../../judge.ts'
import type { Clock } from '../../source/clock.ts'
import { asError } from '../callbacks.ts'
import type { Destination } from '../destination.ts'
import type { Gate } from '../gate.ts'
import type { Dial, Surface } from '../surface.ts'
import type { WatchedHandler } from './handler.ts'
import { LivePool } from './live-pool.ts'
import { Spares } from './spares.ts'

/** What `import('./undici.ts')` gives. */
export type Undici = typeof import('./undici.ts')

type Connector = (
  options: Parameters<ReturnType<Undici['buildConnector']>>[0],
  callback: (...parameters: [error: null, socket: TLSSocket] | [error: Error, socket: null]) => void,
) => void

export interface PoolsOptions {
  readonly undici: Undici
  readonly gate: Gate
  readonly clock: Clock
  readonly lookup: LookupFunction | undefined
}

type Options = Dispatcher.DispatchOptions & { readonly allowH2?: boolean }

export class Pools {
  readonly #undici: Undici
  readonly #gate: Gate
  readonly #clock: Clock
  readonly #lookup: LookupFunction | undefined
  readonly #spares: Spares
  readonly #pools = new Map<string, LivePool>()
  /** Retired, with requests that still run. */
  readonly #closing = new Map<Pool, Promise<void>>()
  #isClosed = false

  constructor({ undici, gate, clock, lookup }: PoolsOptions) {
    this.#undici = undici
    this.#gate = gate
    this.#clock = clock
    this.#lookup = lookup
    this.#spares = new Spares(clock)
  }

  /** Dispatches a request that the gate has admitted. */
  dispatch(destination: Destination, options: Options, handler: Dispatcher.DispatchHandler): boolean {
    return this.#poolFor(destination, options.allowH2 !== false).dispatch(destination, options, handler)
  }

  /** A request that could not begin: admitted once more, under the rules of now, and dispatched anew. */
  #again({ destination, options, inner }: WatchedHandler): void {
    try {
      this.#gate.admitAgain(destination.call)
    } catch (error) {
      // As undici does for a request that never began: no controller.
      inner.onResponseError?.(null as unknown as Dispatcher.DispatchController, asError(error))
      return
    }
    this.dispatch(destination, options, inner)
  }

  /** Opens a connection before it is needed; the next one that `call` needs is this. */
  async preconnect(call: Call): Promise<void> {
    const surface = this.#surface(call, { allowH2: true }, (socket) => this.#spares.retire(socket))
    const socket = await this.#gate.connect(call, surface)
    if (this.#isClosed) socket.destroy()
    else this.#spares.keep(call, socket)
  }

  /** Takes every connection out of use; running requests finish. */
  retireAll(): void {
    this.#spares.clear()
    for (const live of [...this.#pools.values()]) this.#retire(live)
  }

  /** Ends when every request has. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.retireAll()
    await Promise.all(this.#closing.values())
  }

  /** Ends every request now. */
  async destroy(error: Error | null): Promise<void> {
    this.#isClosed = true
    this.#spares.clear()
    const pools = [...[...this.#pools.values()].map(({ pool }) => pool), ...this.#closing.keys()]
    this.#pools.clear()
    await Promise.all(pools.map((pool) => pool.destroy(error)))
  }

  #poolFor(destination: Destination, allowH2: boolean): LivePool {
    const key = allowH2 ? destination.key : `${destination.key} http/1.1`
    const known = this.#pools.get(key)
    if (known?.isFresh) return known
    if (known !== undefined) this.#retire(known)
    const live = new LivePool({
      key,
      gate: this.#gate,
      clock: this.#clock,
      open: (self) => this.#open(self, destination, allowH2),
      again: (request) => this.#again(request),
      unused: (self) => this.#retire(self),
    })
    this.#pools.set(key, live)
    return live
  }

  #open(live: LivePool, { call, origin }: Destination, allowH2: boolean): Pool {
    const retire = () => {
      this.#retire(live)
      live.revoke(call)
    }
    const connect = (
      call.protocol === 'https:'
        ? this.#pinned(call, allowH2, retire, (socket) => (live.isHttp2 ||= socket.alpnProtocol === 'h2'))
        : this.#plain(call, retire)
    ) as ReturnType<Undici['buildConnector']>
    // Without a prototype: undici would take a polluted `factory` for ours, and ask it for the connections.
    return new this.#undici.Pool(origin, Object.assign(Object.create(null), { connect, allowH2 }))
  }

  #pinned(call: Call, allowH2: boolean, retire: () => void, opened: (socket: TLSSocket) => void): Connector {
    return (options, callback) => {
      const spare = allowH2 ? this.#spares.take(call, retire) : undefined
      if (spare !== undefined) {
        opened(spare)
        queueMicrotask(() => callback(null, spare))
        return
      }
      const surface = this.#surface(call, { allowH2, dialled: options.hostname }, retire)
      this.#gate.connect(call, surface).then(
        (socket) => {
          opened(socket)
          callback(null, socket)
        },
        (error: Error) => callback(error, null),
      )
    }
  }

  #surface(
    call: Call,
    { allowH2, dialled }: { allowH2: boolean; dialled?: string | undefined },
    retire: Surface['retire'],
  ): Surface {
    const dial: Dial = ({ servername = '', session, socket: tunnel, ...options }, _trust, callback) => {
      const connect = this.#undici.buildConnector({
        ...options,
        ...(this.#lookup === undefined ? {} : { lookup: this.#lookup }),
        // undici keeps no session: the gate does, with what each one proved.
        maxCachedSessions: 0,
        allowH2,
        ...(session === undefined ? {} : { session }),
      } as Parameters<Undici['buildConnector']>[0])
      // No `host`: undici would make a server name of it where we have none (an IPv6 address up to its first colon).
      const hostname = dialled ?? call.host
      const place = { hostname, host: '', protocol: 'https:', port: String(call.port), servername }
      return connect({ ...place, ...(tunnel === undefined ? {} : { httpSocket: tunnel }) }, (error, socket) =>
        callback(error, (socket ?? undefined) as TLSSocket | undefined),
      ) as unknown as TLSSocket
    }
    return { dial, isResumable: true, retire, dialled }
  }

  #plain(call: Call, retire: () => void): Connector {
    const options = this.#lookup === undefined ? {} : { lookup: this.#lookup }
    const direct = this.#undici.buildConnector(options as Parameters<Undici['buildConnector']>[0]) as Connector
    return (place, callback) => {
      const opened = (socket: TLSSocket) => {
        this.#gate.notePlain(call, socket, retire)
        callback(null, socket)
      }
      const failed = (error: Error) => callback(error, null)
      this.#gate.tunnelTo(call, { dialled: place.hostname }).then((tunnel) => {
        if (tunnel === undefined) {
          // undici gives no socket with an error, be it `null` or nothing.
          return direct(place, (error, socket) => (error === null ? opened(socket as TLSSocket) : failed(error)))
        }
        tunnel.onRetire(retire)
        opened(tunnel.socket as TLSSocket)
      }, failed)
    }
  }

  #retire(live: LivePool): void {
    if (live.isRetired) return
    live.isRetired = true
    if (this.#pools.get(live.key) === live) this.#pools.delete(live.key)
    const closing = live.pool.close().catch(() => undefined)
    this.#closing.set(live.pool, closing)
    closing.finally(() => this.#closing.delete(live.pool))
  }
}
