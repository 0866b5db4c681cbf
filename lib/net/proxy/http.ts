/**
 * Asks an HTTP proxy for a tunnel: CONNECT, RFC 9110 section 9.3.6. Node's own client speaks; here is what we ask and
 * what we take for an answer.
 */

// Not node:http: importing that evaluates Node's own undici, which takes longer than the tunnel and sets its global
// dispatcher. On a socket of ours both speak the same.
import { request } from 'node:https'
import type { Socket } from 'node:net'
import { authority, type Credentials } from './address.ts'

const OK = 200
const REDIRECTION = 300

/** Ends when `socket` leads to the target. @throws {Error} what the proxy answered instead */
export function tunnelByHttp(
  socket: Socket,
  target: { readonly host: string; readonly port: number },
  credentials: Credentials | undefined,
): Promise<void> {
  const place = authority(target)
  return new Promise((resolve, reject) => {
    const asked = request({
      method: 'CONNECT',
      path: place,
      headers: {
        host: place,
        // Node would write `close`, which old proxies take at its word.
        connection: 'keep-alive',
        ...(credentials === undefined ? {} : { 'proxy-authorization': basic(credentials) }),
      },
      createConnection: () => socket,
    })
    asked.once('connect', ({ statusCode = 0 }, _socket, head) => {
      // Not its words: they may repeat what it was told.
      if (statusCode < OK || statusCode >= REDIRECTION) reject(new Error(`it answered ${statusCode}`))
      // Who we asked for never speaks first: these are words of the proxy's own.
      else if (head.length > 0) reject(new Error('it sent more than its answer'))
      else resolve()
    })
    // Stays: Node may tell more than one error.
    asked.on('error', reject)
    asked.once('close', () => reject(new Error('it closed the connection')))
    asked.end()
  })
}

/** RFC 7617. */
function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}
