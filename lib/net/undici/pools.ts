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
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Dispatcher, Pool } from 'undici'
import type { Call } from '../../judge.ts'
import type { Clock } from '../../source/clock.ts'
import { asError } from '../callbacks.ts'
import { connectionRevoked } from '../connections.ts'
import type { Gate } from '../gate.ts'
import { IDLE_LIMIT_MS } from '../idle.ts'
import type { Dial, Surface } from '../surface.ts'
import { WatchedHandler } from './handler.ts'
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

interface LivePool {
  readonly key: string
  readonly pool: Pool
  isRetired: boolean
  /** Whether the rules refused one of its connections: what is upgraded on it ends, too. */
  isRevoked: boolean
  /** Requests dispatched and not ended. */
  pending: number
  /** WebSockets and tunnels that requests became. */
  readonly upgraded: Set<Duplex>
  /** Requests that have a connection and have written nothing to it: their body is still to come (HTTP/1.1). */
  readonly unwritten: Set<WatchedHandler>
  isHttp2: boolean
  /** Wall clock of the last sign of life, ms. */
  usedAt: number
}

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
  dispatch(call: Call, options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const live = this.#poolFor(call, options)
    live.pending += 1
    live.usedAt = this.#clock.now()
    const watched = new WatchedHandler(handler, {
      mayBegin: () => {
        // A date may have passed while the request waited inside undici.
        this.#gate.review()
        return !live.isRetired && this.#gate.admits(call)
      },
      began: (request) => {
        if (!live.isHttp2) live.unwritten.add(request)
      },
      written: (request) => live.unwritten.delete(request),
      upgraded: (stream) => {
        live.upgraded.add(stream)
        // The answer that upgraded it may come after the policy had refused its connection.
        this.#gate.review()
        if (live.isRevoked) stream.destroy()
        stream.once('close', () => live.upgraded.delete(stream))
      },
      again: () => this.#again(call, options, handler),
      ended: () => {
        live.pending -= 1
        live.usedAt = this.#clock.now()
        this.#dropIfUnused(live)
      },
    })
    return live.pool.dispatch(options, watched)
  }

  /** A request that could not begin: admitted once more, under the rules of now, and dispatched anew. */
  #again(call: Call, options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    try {
      this.#gate.admitAgain(call)
    } catch (error) {
      // As undici does for a request that never began: no controller.
      handler.onResponseError?.(null as unknown as Dispatcher.DispatchController, asError(error))
      return
    }
    this.dispatch(call, options, handler)
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

  #poolFor(call: Call, { origin, allowH2 }: Dispatcher.DispatchOptions & { allowH2?: boolean }): LivePool {
    const key = `${origin} ${call.host}${allowH2 === false ? ' http/1.1' : ''}`
    const known = this.#pools.get(key)
    if (known !== undefined) {
      const idle = this.#clock.now() - known.usedAt
      const isFresh = known.pending > 0 || (idle >= 0 && idle <= IDLE_LIMIT_MS)
      if (isFresh) return known
      this.#retire(known)
    }
    const live = this.#open(key, call, String(origin), allowH2 !== false)
    this.#pools.set(key, live)
    return live
  }

  #open(key: string, call: Call, origin: string, allowH2: boolean): LivePool {
    const retire = () => {
      this.#retire(live)
      live.isRevoked = true
      // A request ends by itself; what it was upgraded to might go on for ever under a key that is revoked.
      for (const stream of live.upgraded) stream.destroy()
      for (const request of live.unwritten) request.giveUp(connectionRevoked(call))
    }
    const connect = (
      call.protocol === 'https:'
        ? this.#pinned(call, allowH2, retire, (socket) => (live.isHttp2 ||= socket.alpnProtocol === 'h2'))
        : this.#plain(call, retire)
    ) as ReturnType<Undici['buildConnector']>
    // Without a prototype: undici would take a polluted `factory` for ours, and ask it for the connections.
    const pool = new this.#undici.Pool(origin, Object.assign(Object.create(null), { connect, allowH2 }))
    const live: LivePool = {
      key,
      pool,
      isRetired: false,
      isRevoked: false,
      pending: 0,
      upgraded: new Set(),
      unwritten: new Set(),
      isHttp2: false,
      usedAt: this.#clock.now(),
    }
    pool.on('disconnect', () => this.#dropIfUnused(live))
    return live
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
          return direct(place, (...[error, socket]) => (socket === null ? failed(error as Error) : opened(socket)))
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

  /** A pool without connections and requests holds nothing worth keeping. */
  #dropIfUnused(live: LivePool): void {
    queueMicrotask(() => {
      if (live.pending === 0 && live.pool.stats.connected === 0) this.#retire(live)
    })
  }
}
