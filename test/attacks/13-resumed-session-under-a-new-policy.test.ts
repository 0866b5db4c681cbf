/**
 * Row 13: Node skips `checkServerIdentity` on a resumed TLS session and shows no certificate on it. Who compares pins
 * there compares nothing, so a policy that has changed since the first handshake would go unnoticed.
 *
 *     policy   pins the leaf            pins another key, or denies it
 *     client   ── full handshake ──→    ── ClientHello + ticket ──→    must be refused
 *     server   ←─ ticket ───────────    ←─ resumed, no certificate ─
 *
 * Each test first shows that a session is there to be resumed; the server ends every connection after one answer.
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { leafOf, presented } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { HOST, partner } from './cast.ts'
import { changingGuard, instant, NOBODYS_PINS, pinning, stillClock } from './changing-policy.ts'
import { assertAccepted, assertRefused, SURFACES } from './surfaces.ts'

const { root, issuing, leaf } = await partner()
const renewed = await leafOf(issuing, [HOST])
const chain = presented(leaf, issuing)
const accepting = pinning([leaf.pin, issuing.pin])
const oneAnswerEach = () => ({ headers: { connection: 'close' } })

const NEW_POLICIES = [
  { title: 'that pins other keys', document: pinning(NOBODYS_PINS), code: 'ERR_PIN_MISMATCH' },
  {
    title: "that denies the issuer's key",
    document: pinning([leaf.pin, issuing.pin], { deny: [issuing.pin] }),
    code: 'ERR_KEY_DENIED',
  },
] as const

for (const versions of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const surface of SURFACES) {
    describe(`over ${versions}, by ${surface.name}`, () => {
      it('a session is resumed while the policy stays, and judged as what it first proved', async (t) => {
        const server = await startTlsServer(chain, { versions, respond: oneAnswerEach })
        t.after(() => server.close())
        const { guard, events } = await changingGuard(t, accepting, { ca: root.certificate })
        for (let calls = 0; calls < 3; calls++) {
          await assertAccepted(() => surface.call(guard, `https://${HOST}:${server.port}/`), server)
        }
        assert.deepEqual([server.recording.handshakes, server.recording.resumed], [3, 2])
        const accepted = events.filter((event) => event.type === 'connection-accepted')
        assert.deepEqual(
          accepted.map(({ resumed, pin }) => [resumed, pin]),
          [false, true, true].map((resumed) => [resumed, leaf.pin]),
        )
      })

      for (const { title, document, code } of NEW_POLICIES) {
        it(`a policy ${title} refuses the next connection, and its session is not even offered`, async (t) => {
          const server = await startTlsServer(chain, { versions, respond: oneAnswerEach })
          t.after(() => server.close())
          const { guard, events, publish, holdLoads } = await changingGuard(t, accepting, { ca: root.certificate })
          const call = () => surface.call(guard, `https://${HOST}:${server.port}/`)
          await assertAccepted(call, server)
          await assertAccepted(call, server)
          assert.equal(server.recording.resumed, 1)

          await publish(document)
          const handshaken = server.whenHandshaken()
          holdLoads(() => handshaken)
          await assertRefused(call, { code, server, events })
          assert.deepEqual([server.recording.handshakes, server.recording.resumed], [3, 1])
        })
      }

      it('a pin that has expired since the first handshake refuses the resumed connection', async (t) => {
        const server = await startTlsServer(chain, { versions, respond: oneAnswerEach })
        t.after(() => server.close())
        const clock = stillClock()
        const pin = { sha256: leaf.pin.slice('sha256/'.length), expires: instant(clock.now() + 1_000) }
        const document = pinning([pin, NOBODYS_PINS[0]])
        const { guard, events } = await changingGuard(t, document, { ca: root.certificate, clock })
        const call = () => surface.call(guard, `https://${HOST}:${server.port}/`)
        await assertAccepted(call, server)
        await assertAccepted(call, server)
        assert.equal(server.recording.resumed, 1)
        clock.advance(1_000)
        await assertRefused(call, { code: 'ERR_PINS_EXPIRED', server, events })
        assert.equal(server.recording.resumed, 1)
      })

      it('a policy that changes while a session is being resumed holds for that connection', async (t) => {
        const { server, whileConnecting } = await startHeldServer(t, versions)
        const { guard, events, publish } = await changingGuard(t, accepting, { ca: root.certificate })
        const call = () => surface.call(guard, `https://${HOST}:${server.port}/`)
        await assertAccepted(call, server)
        const refused = () => assertRefused(call, { code: 'ERR_PIN_MISMATCH', server, events })
        await whileConnecting(refused, () => publish(pinning(NOBODYS_PINS)))
      })

      it('a rotation while a session is being resumed fails no call: the new key is asked for', async (t) => {
        const { server, whileConnecting } = await startHeldServer(t, versions)
        const { guard, publish } = await changingGuard(t, accepting, { ca: root.certificate })
        const call = () => surface.call(guard, `https://${HOST}:${server.port}/`)
        await assertAccepted(call, server)
        const answered = () => assertAccepted(call, server)
        await whileConnecting(answered, async () => {
          server.present(presented(renewed, issuing))
          await publish(pinning([renewed.pin, NOBODYS_PINS[0]]))
        })
      })
    })
  }
}

/** A server that keeps a handshake waiting while something happens. */
async function startHeldServer(t: TestContext, versions: 'TLSv1.2' | 'TLSv1.3') {
  let held: Promise<void> | undefined
  const delayHandshake = async () => await held
  const server = await startTlsServer(chain, { versions, respond: oneAnswerEach, delayHandshake })
  t.after(() => server.close())
  return {
    server,
    async whileConnecting(call: () => Promise<unknown>, happening: () => Promise<void>): Promise<void> {
      const handshake = Promise.withResolvers<void>()
      held = handshake.promise
      const connected = server.whenConnected()
      const called = call()
      await connected
      await happening()
      handshake.resolve()
      await called
    },
  }
}
