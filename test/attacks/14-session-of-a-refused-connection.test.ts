/**
 * Row 14: a connector that refuses after `secureConnect` has already got a ticket; undici's own session cache keeps it.
 * The retry resumes, nobody asks for a certificate, and the second request passes.
 *
 *     client   ── full handshake ─→  not pinned: refused     ── ClientHello + ticket ─→  passes
 *     server   ←─ ticket ──────────  kept by the cache        ←─ resumed ──────────────
 *
 * The tickets are real: the last connection of each test resumes, by a session that an accepted one brought.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { interceptors, RetryAgent, request } from 'undici'
import { presented } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { HOST, partner } from './cast.ts'
import { changingGuard, NOBODYS_PINS, pinning } from './changing-policy.ts'
import { assertAccepted, assertRefused, SURFACES, watchedGuard } from './surfaces.ts'

const { root, issuing, leaf } = await partner()
const chain = presented(leaf, issuing)
const oneAnswerEach = () => ({ headers: { connection: 'close' } })

for (const versions of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const surface of SURFACES) {
    describe(`over ${versions}, by ${surface.name}`, () => {
      it('no retry resumes the session of a refused connection, and none ever will', async (t) => {
        const server = await startTlsServer(chain, { versions, respond: oneAnswerEach })
        t.after(() => server.close())
        const { guard, events, publish, holdLoads } = await changingGuard(t, pinning(NOBODYS_PINS), {
          ca: root.certificate,
        })
        const call = () => surface.call(guard, `https://${HOST}:${server.port}/`)
        for (let retries = 0; retries < 4; retries++) {
          // The refusal asks the source once more; until the server is through, so that its tickets are out.
          const handshaken = server.whenHandshaken()
          holdLoads(() => handshaken)
          await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server, events })
        }
        assert.deepEqual([server.recording.handshakes, server.recording.resumed], [4, 0])

        holdLoads(async () => undefined)
        await publish(pinning([leaf.pin, issuing.pin]))
        await assertAccepted(call, server)
        assert.deepEqual([server.recording.handshakes, server.recording.resumed], [5, 0])
        await assertAccepted(call, server)
        assert.deepEqual([server.recording.handshakes, server.recording.resumed], [6, 1])
      })

      it('nor does mode "report" keep the session of a connection that would have been refused', async (t) => {
        const server = await startTlsServer(chain, { versions, respond: oneAnswerEach })
        t.after(() => server.close())
        const reporting = { version: 1, hosts: { [HOST]: { pins: NOBODYS_PINS, mode: 'report' } } }
        const { guard, publish } = await changingGuard(t, reporting, { ca: root.certificate })
        const call = () => surface.call(guard, `https://${HOST}:${server.port}/`)
        await assertAccepted(call, server)
        await assertAccepted(call, server)
        await publish(pinning([leaf.pin, issuing.pin]))
        await assertAccepted(call, server)
        assert.deepEqual([server.recording.handshakes, server.recording.resumed], [3, 0])
      })
    })
  }
}

describe('by what retries on its own', () => {
  it("undici's RetryAgent around the dispatcher does not repeat a refusal", async (t) => {
    const server = await startTlsServer(chain)
    t.after(() => server.close())
    const { guard, events } = watchedGuard({ policy: pinning(NOBODYS_PINS), ca: root.certificate })
    t.after(() => guard.close())
    const dispatcher = new RetryAgent(guard.dispatcher, { minTimeout: 1, maxRetries: 3 })
    const call = () => request(`https://${HOST}:${server.port}/`, { dispatcher })
    await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server, events })
    assert.equal(server.recording.connections, 1)
  })

  it('one that is told to repeat everything still never resumes', async (t) => {
    const server = await startTlsServer(chain)
    t.after(() => server.close())
    const { guard, events } = watchedGuard({ policy: pinning(NOBODYS_PINS), ca: root.certificate })
    t.after(() => guard.close())
    const everything = interceptors.retry({ minTimeout: 1, maxRetries: 3, errorCodes: ['ERR_PIN_MISMATCH'] })
    const dispatcher = guard.dispatcher.compose(everything)
    const call = () => request(`https://${HOST}:${server.port}/`, { dispatcher })
    await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server, events })
    assert.deepEqual([server.recording.connections, server.recording.resumed], [4, 0])
  })
})
