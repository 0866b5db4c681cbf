/**
 * Connections opened before they are needed (`preconnect`), each waiting for the first request to its place.
 *
 * A spare is judged when it is opened and reviewed like every open connection; one that a freeze left waiting is
 * dropped, and the session it brought makes the next handshake short.
 *
 * Shared state: owned by one set of pools.
 */

import type { TLSSocket } from 'node:tls'
import type { Call } from '../../judge.ts'
import type { Clock } from '../../source/clock.ts'
import { IDLE_LIMIT_MS } from '../idle.ts'

interface Spare {
  readonly socket: TLSSocket
  readonly openedAt: number
  /** Who is told when the connection is retired: nobody but us, until a pool takes it. */
  retire: () => void
}

export class Spares {
  readonly #clock: Clock
  readonly #waiting = new Map<string, Spare>()
  readonly #taken = new WeakMap<TLSSocket, Spare>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  keep(call: Call, socket: TLSSocket): void {
    this.drop(call)
    const spare = { socket, openedAt: this.#clock.now(), retire: () => socket.destroy() }
    this.#waiting.set(keyOf(call), spare)
    socket.once('close', () => {
      if (this.#waiting.get(keyOf(call)) === spare) this.#waiting.delete(keyOf(call))
    })
  }

  /** The spare for a place, if one waits and is fresh. @param retire takes it out of the pool that gets it */
  take(call: Call, retire: () => void): TLSSocket | undefined {
    const spare = this.#waiting.get(keyOf(call))
    if (spare === undefined) return undefined
    this.#waiting.delete(keyOf(call))
    const age = this.#clock.now() - spare.openedAt
    if (spare.socket.destroyed || age < 0 || age > IDLE_LIMIT_MS) {
      spare.socket.destroy()
      return undefined
    }
    spare.retire = retire
    this.#taken.set(spare.socket, spare)
    return spare.socket
  }

  /** Retires the connection of a spare, wherever it is now. */
  retire(socket: TLSSocket): void {
    const taken = this.#taken.get(socket)
    if (taken === undefined) socket.destroy()
    else taken.retire()
  }

  drop(call: Call): void {
    const spare = this.#waiting.get(keyOf(call))
    this.#waiting.delete(keyOf(call))
    spare?.socket.destroy()
  }

  clear(): void {
    for (const { socket } of this.#waiting.values()) socket.destroy()
    this.#waiting.clear()
  }
}

function keyOf({ host, port }: Call): string {
  return `${host}:${port}`
}
