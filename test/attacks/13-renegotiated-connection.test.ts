/**
 * Row 13, from the other end: the connection was judged, and then the server asks for the handshake again (TLS 1.2
 * renegotiation) and shows another certificate. A judgement made once would go on covering it.
 *
 *     client   ── handshake: pinned key ──→  judged  ── request ──→
 *     server   ←─ HelloRequest ─────────────
 *     client   ── handshake: another key ─→  must not happen; the connection ends
 *
 * TLS 1.3 has no renegotiation.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpsRequest } from 'node:https'
import { it, type TestContext } from 'node:test'
import { createSecureContext, createServer, type TLSSocket } from 'node:tls'
import { type Held, leafOf } from '../support/authority.ts'
import { listen } from '../support/listen.ts'
import { HOST, partner } from './cast.ts'
import { SURFACES, watchedGuard } from './surfaces.ts'

const { root, issuing, leaf } = await partner()
const other = await leafOf(issuing, [HOST])

for (const surface of SURFACES) {
  it(`a server cannot swap its certificate on a judged connection (${surface.name})`, async (t) => {
    const server = await startSwappingServer(t)
    const { guard } = watchedGuard({ policy: { [HOST]: [leaf.pin, leaf.pin] }, ca: root.certificate })
    t.after(() => guard.close())
    await assert.rejects(surface.call(guard, `https://${HOST}:${server.port}/`), 'the call was answered')
    assert.equal(server.swaps, 0)
  })
}

it('nor on one that carries a client certificate (pinnedAgent)', async (t) => {
  const server = await startSwappingServer(t)
  const { guard } = watchedGuard({ policy: { [HOST]: [leaf.pin, leaf.pin] }, ca: root.certificate })
  t.after(() => guard.close())
  const { key, cert } = identity(other)
  const outgoing = httpsRequest({ host: HOST, port: server.port, agent: guard.agent, key, cert }).end()
  await assert.rejects(once(outgoing, 'response'), 'the call was answered')
  assert.equal(server.swaps, 0)
})

/** Answers a request only after a second handshake, in which it shows its other certificate. */
async function startSwappingServer(t: TestContext): Promise<{ readonly port: number; readonly swaps: number }> {
  let swaps = 0
  const sockets = new Set<TLSSocket>()
  const server = createServer({ ...identity(leaf), maxVersion: 'TLSv1.2' }, (socket) => {
    // As servers do when TLS fails.
    sockets.add(socket.on('error', () => socket.destroy()))
    socket.once('data', () => {
      socket.setKeyCert(createSecureContext(identity(other)))
      socket.renegotiate({}, (error) => {
        if (error !== null) return
        swaps += 1
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      })
    })
  })
  server.on('tlsClientError', () => {})
  const port = await listen(server)
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    port,
    get swaps() {
      return swaps
    },
  }
}

function identity({ privateKey, certificate }: Held): { key: string; cert: string } {
  return { key: privateKey, cert: `${certificate}\n${issuing.certificate}` }
}
