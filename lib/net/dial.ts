/**
 * Waiting for a TLS socket to be connected, within a limit, so that nothing it does later is an uncaught exception.
 */

import type { TLSSocket } from 'node:tls'
import type { DialCallback } from './surface.ts'

/** A handshake that takes longer is given up, ms; as long as undici gives a connection. */
export const HANDSHAKE_LIMIT_MS = 10_000

/** Calls back once: after `secureConnect`, or when the socket fails, closes or takes too long. */
export function whenConnected(socket: TLSSocket, callback: DialCallback): void {
  const timer = setTimeout(() => socket.destroy(timedOut()), HANDSHAKE_LIMIT_MS)
  const onClose = () => settle(closedEarly())
  let settled = false
  function settle(error: Error | null): void {
    if (settled) return
    settled = true
    clearTimeout(timer)
    socket.off('close', onClose)
    if (error === null) callback(null, socket)
    else callback(error)
  }
  socket.once('secureConnect', () => settle(null)).once('close', onClose)
  // Stays: an error while the connection is judged, or after, must not be an uncaught exception.
  socket.on('error', settle)
}

function closedEarly(): Error {
  return Object.assign(new Error('The connection was closed during its handshake'), { code: 'ECONNRESET' })
}

function timedOut(): Error {
  return Object.assign(new Error(`No TLS connection within ${HANDSHAKE_LIMIT_MS} ms`), { code: 'ETIMEDOUT' })
}
