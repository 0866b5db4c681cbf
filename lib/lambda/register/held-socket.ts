/** What a socket does otherwise until it is judged: nobody comes before the judgement, and no session makes it needless. */

import { EventEmitter } from 'node:events'
import type { TLSSocket } from 'node:tls'

const HELD: PropertyDescriptorMap = {
  // Of a resumed session Node asks nothing.
  setSession: { value: () => undefined },
  // Node asks at the event "secure": a listener before that could write to a peer that is not judged.
  prependListener: { value: afterSecure('prependListener', 'on') },
  prependOnceListener: { value: afterSecure('prependOnceListener', 'once') },
}

export function hold(socket: TLSSocket): void {
  Object.defineProperties(socket, HELD)
}

/** Node's own look at the peer, and all that comes of it, only if there is no refusal when the handshake is done. */
export function afterAsking(socket: TLSSocket, refusal: () => Error | undefined): void {
  const [look] = socket.listeners('secure')
  socket.removeAllListeners('secure').on('secure', () => {
    const error = refusal()
    if (error === undefined) look?.call(socket)
    else socket.destroy(error)
  })
}

function afterSecure(early: 'prependListener' | 'prependOnceListener', late: 'on' | 'once') {
  return function add(this: TLSSocket, event: string, listener: () => void): TLSSocket {
    return EventEmitter.prototype[event === 'secure' ? late : early].call(this, event, listener) as TLSSocket
  }
}
