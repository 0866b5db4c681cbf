/**
 * The open TCP connections of a test server: how many, their end, and a way to wait for it.
 *
 * A refused call is proven only once its connection is gone: until then a byte may still be on its way.
 */

import type { Socket } from 'node:net'
import { Signal } from './signal.ts'

export class Connections {
  #open = new Set<Socket>()
  #ended = new Signal<void>()

  get open(): number {
    return this.#open.size
  }

  add(socket: Socket): void {
    this.#open.add(socket)
    socket.on('error', () => {}) // A client that resets its connection is business as usual here.
    socket.once('close', () => {
      this.#open.delete(socket)
      this.#ended.emit()
    })
  }

  async whenAllClosed(): Promise<void> {
    while (this.#open.size > 0) await this.#ended.next()
  }

  destroy(how: 'close' | 'reset' = 'close'): void {
    for (const socket of this.#open) {
      if (how === 'reset') socket.resetAndDestroy()
      else socket.destroy()
    }
  }
}
