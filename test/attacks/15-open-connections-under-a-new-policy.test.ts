/**
 * Row 15: a connection is judged once and then lives for minutes. What the owner revokes meanwhile, or a date ends, must
 * end it before another request is written to it; what runs on it may finish.
 *
 *     policy   pins the leaf                      revokes it, or its date passes
 *     client   ── request ─→                      ── request ─→    not on this connection
 *     server   ←─ answer ──   connection idle     closed           └─ a new one, judged anew: refused
 *                             answer still to come  ←─ answer ──   then closed
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { presented } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { HOST, partner } from './cast.ts'
import { changingGuard, instant, NOBODYS_PINS, pinning, stillClock } from './changing-policy.ts'
import { assertAccepted, assertRefused, codeOf, SURFACES } from './surfaces.ts'

const { root, issuing, leaf } = await partner()
const chain = presented(leaf, issuing)
const accepting = pinning([leaf.pin, issuing.pin])
const refusing = pinning(NOBODYS_PINS)
const denying = pinning([leaf.pin, issuing.pin], { deny: [leaf.pin] })
const trusted = { ca: root.certificate }

/** A connection that nobody closes would be waited for. */
const impatient = { timeout: 20_000 }

/** The agent and Node's own fetch speak HTTP/1.1 only. */
const COMBINATIONS = [
  ...SURFACES.map((surface) => ({ surface, http2: false })),
  ...SURFACES.slice(0, 2).map((surface) => ({ surface, http2: true })),
]

for (const { surface, http2 } of COMBINATIONS) {
  describe(`by ${surface.name} over ${http2 ? 'HTTP/2' : 'HTTP/1.1'}`, impatient, () => {
    it('an idle connection stays open under a new policy that accepts it', async (t) => {
      const server = await startTlsServer(chain, { http2 })
      t.after(() => server.close())
      const { guard, publish } = await changingGuard(t, accepting, trusted)
      const call = () => surface.call(guard, `https://${HOST}:${server.port}/`)
      await assertAccepted(call, server)
      await publish(pinning([issuing.pin, NOBODYS_PINS[0]]))
      // undici gives a connection back in the turn of the event loop after the answer.
      await nextTurn()
      await assertAccepted(call, server)
      assert.equal(server.recording.received[1]?.httpVersion, http2 ? '2.0' : '1.1')
      assert.equal(server.recording.connections, 1)
    })

    for (const { title, document, code } of [
      { title: 'no longer pins its key', document: refusing, code: 'ERR_PIN_MISMATCH' },
      { title: 'denies its key', document: denying, code: 'ERR_KEY_DENIED' },
    ]) {
      it(`an idle connection is closed at once by a policy that ${title}`, async (t) => {
        const server = await startTlsServer(chain, { http2 })
        t.after(() => server.close())
        const { guard, events, publish } = await changingGuard(t, accepting, trusted)
        const call = () => surface.call(guard, `https://${HOST}:${server.port}/`)
        await assertAccepted(call, server)
        const { bytes } = server.recording
        assert.equal(server.connectionsOpen(), 1)
        await publish(document)
        await server.whenConnectionsClosed()
        // HTTP/2 takes its leave with a frame.
        if (!http2) assert.equal(server.recording.bytes, bytes)
        await assertRefused(call, { code, server, events })
        assert.equal(server.recording.requests, 1)
        await publish(accepting)
        await assertAccepted(call, server)
      })
    }

    it('a request in flight is answered, the next one refused, and the connection closed', async (t) => {
      const answer = Promise.withResolvers<{ body: string }>()
      const server = await startTlsServer(chain, { http2, respond: () => answer.promise })
      t.after(() => server.close())
      const { guard, publish } = await changingGuard(t, accepting, trusted)
      const requested = server.whenRequested()
      const running = surface.call(guard, `https://${HOST}:${server.port}/running`)
      await requested
      await publish(refusing)
      const next = surface.call(guard, `https://${HOST}:${server.port}/next`)
      await assert.rejects(next, (error) => codeOf(error) === 'ERR_PIN_MISMATCH')
      assert.equal(server.recording.requests, 1)
      answer.resolve({ body: 'well ended' })
      assert.deepEqual(await running, { status: 200, body: 'well ended' })
      await server.whenConnectionsClosed()
      assert.equal(server.recording.requests, 1)
    })

    it('calls that wait for a handshake when the policy changes are all refused', async (t) => {
      const handshake = Promise.withResolvers<void>()
      const server = await startTlsServer(chain, { http2, delayHandshake: () => handshake.promise })
      t.after(() => server.close())
      const { guard, publish } = await changingGuard(t, accepting, trusted)
      const connected = server.whenConnected()
      const calls = ['/one', '/two', '/three'].map((path) =>
        surface.call(guard, `https://${HOST}:${server.port}${path}`),
      )
      await connected
      await publish(refusing)
      handshake.resolve()
      for (const outcome of await Promise.allSettled(calls)) {
        assert.equal(outcome.status === 'rejected' && codeOf(outcome.reason), 'ERR_PIN_MISMATCH')
      }
      await server.whenConnectionsClosed()
      assert.equal(server.recording.bytes, 0)
    })

    for (const before of ['under the policy of then', 'and a new policy has accepted it since']) {
      it(`a connection is not used any more once its pin has expired, ${before}`, async (t) => {
        const server = await startTlsServer(chain, { http2 })
        t.after(() => server.close())
        const clock = stillClock()
        const pin = { sha256: leaf.pin.slice('sha256/'.length), expires: instant(clock.now() + 1_000) }
        const { guard, publish } = await changingGuard(t, pinning([pin, NOBODYS_PINS[0]]), { ...trusted, clock })
        const call = () => surface.call(guard, `https://${HOST}:${server.port}/`)
        await assertAccepted(call, server)
        if (before.includes('new')) await publish(pinning([pin, NOBODYS_PINS[1]]))
        clock.advance(999)
        await nextTurn()
        await assertAccepted(call, server)
        assert.equal(server.recording.connections, 1)
        clock.advance(1)
        await nextTurn()
        await assert.rejects(call, (error) => codeOf(error) === 'ERR_PINS_EXPIRED')
        await server.whenConnectionsClosed()
        assert.equal(server.recording.requests, 2)
      })
    }
  })
}
