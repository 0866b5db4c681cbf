/**
 * Row 27, a connection that breaks between its handshake and its verdict, while the source is asked once more. It is in
 * nobody's hands yet: an error that it emits must not be an uncaught exception, and a verdict on it must not hand over a
 * dead socket.
 *
 *     client   ── handshake ─→  asks the source …        … verdict
 *     server   ╳ reset ─────────────────┘
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { it } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { presented } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { HOST, partner } from './cast.ts'
import { changingGuard, NOBODYS_PINS, pinning } from './changing-policy.ts'
import { beforeListeners } from './patches.ts'
import { codeOf, SURFACES } from './surfaces.ts'

const { root, issuing, leaf } = await partner()

for (const surface of SURFACES) {
  for (const { title, verdict, code } of [
    { title: 'refuses it still', verdict: pinning(NOBODYS_PINS), code: 'ERR_PIN_MISMATCH' },
    { title: 'would accept it now', verdict: pinning([leaf.pin, issuing.pin]), code: 'ECONNRESET' },
  ]) {
    it(`ends its call with an error when the policy ${title} (${surface.name})`, { timeout: 10_000 }, async (t) => {
      const server = await startTlsServer(presented(leaf, issuing))
      t.after(() => server.close())
      const { guard, publish, holdLoads } = await changingGuard(t, pinning(NOBODYS_PINS), { ca: root.certificate })
      const asked = Promise.withResolvers<void>()
      const answer = Promise.withResolvers<void>()
      holdLoads(() => {
        asked.resolve()
        return answer.promise
      })
      const sockets: TLSSocket[] = []
      beforeListeners(t, 'secureConnect', (socket) => sockets.push(socket))
      const outcome = surface.call(guard, `https://${HOST}:${server.port}/`).catch(codeOf)
      await asked.promise
      const [socket] = sockets
      assert.ok(socket !== undefined)
      const closed = once(socket, 'close')
      server.destroyConnections('reset')
      await closed
      const published = publish(verdict)
      answer.resolve()
      await published
      assert.equal(await outcome, code)
      assert.equal(server.recording.bytes, 0)
    })
  }
}
