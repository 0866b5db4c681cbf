/**
 * `Object.prototype.pskCallback`: Node then offers a key that client and server share (RFC 8446 section 2.2) beside the
 * session, OpenSSL calls the connection resumed, and no certificate is shown. A server that takes the shared key has
 * proved nothing of what the session proved.
 */

import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { parameter, report } from '../../../attacks/child.ts'
import { codeOf, SURFACES, watchedGuard } from '../../../attacks/surfaces.ts'

export interface Given {
  readonly host: string
  readonly key: string
  readonly cert: string
  readonly ca: string
  readonly pins: readonly string[]
}

export interface Report {
  /** Whether the guard kept a session, and resumed it. */
  readonly hasResumed: boolean
  readonly outcomes: readonly (number | string)[]
  readonly received: string
}

const VERSION = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const
const MAX_ROUNDS = 20
const { host, key, cert, ca, pins } = parameter<Given>()
const psk = Buffer.alloc(32, 7)
let received = ''

const partner = createServer({ ...VERSION, key, cert }, (_request, response) => response.end())
await new Promise<void>((resolve) => partner.listen(0, '127.0.0.1', resolve))
const { port } = partner.address() as AddressInfo
const { guard, events } = watchedGuard({ policy: { [host]: pins }, ca })
const url = `https://${host}:${port}/`
const hasResumed = () => events.some((event) => event.type === 'connection-accepted' && event.resumed)
// Until a session is known to be kept: tickets come after the answer.
for (let round = 0; round < MAX_ROUNDS && !hasResumed(); round++) {
  for (const surface of SURFACES) await surface.call(guard, url).catch(() => undefined)
  partner.closeAllConnections()
  await new Promise((resolve) => setImmediate(resolve))
}
partner.closeAllConnections()
await new Promise((resolve) => partner.close(resolve))

const impostor = createTlsServer({ ...VERSION, pskCallback: () => psk }, (socket) => {
  socket
    .on('error', () => undefined)
    .on('data', (chunk) => {
      received += chunk.toString('latin1')
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    })
})
impostor.on('tlsClientError', () => undefined)
await new Promise<void>((resolve) => impostor.listen(port, '127.0.0.1', resolve))
const prototype = Object.prototype as unknown as Record<string, unknown>
prototype['pskCallback'] = () => ({ psk, identity: 'anybody' })
const outcomes: (number | string)[] = []
for (const surface of SURFACES) {
  const call = surface.call(guard, url)
  outcomes.push(
    await call.then(
      ({ status }) => status,
      (error) => codeOf(error) ?? String(error),
    ),
  )
}
delete prototype['pskCallback']
report({ hasResumed: hasResumed(), outcomes, received } satisfies Report)
