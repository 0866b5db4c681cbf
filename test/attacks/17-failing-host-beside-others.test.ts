/**
 * Row 17: surfaces share pools, sockets and queues among hosts. One host that is refused, that nobody answers for, or
 * whose handshake never ends, must cost the others nothing: no error, no connection, no place in the queue.
 *
 *     good   ── ── ── ── ──→   all answered, on connections that stay
 *     bad    ── ── ── ── ──→   each refused by its own error; no byte
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { leafOf, presented } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { attacker, HOST, partner } from './cast.ts'
import { assertAccepted, codeOf, SURFACES, watchedGuard } from './surfaces.ts'

const BAD_HOST = 'bad.partner.test'

const { root, issuing, leaf } = await partner()
const foe = await attacker()
const trusted = await leafOf(issuing, [BAD_HOST])
const untrusted = await leafOf(foe.issuing, [BAD_HOST])
const policy = { [HOST]: [leaf.pin, issuing.pin], [BAD_HOST]: [leaf.pin, foe.leaf.pin] }

const FAILURES = [
  { title: 'shows a key that is not pinned', chain: presented(trusted, issuing), code: 'ERR_PIN_MISMATCH' },
  {
    title: 'shows a certificate that Node refuses',
    chain: presented(untrusted, foe.issuing),
    code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  },
] as const

/** The agent and Node's own fetch speak HTTP/1.1 only. */
const COMBINATIONS = [
  ...SURFACES.map((surface) => ({ surface, http2: false })),
  ...SURFACES.slice(0, 2).map((surface) => ({ surface, http2: true })),
]

for (const { surface, http2 } of COMBINATIONS) {
  describe(`by ${surface.name} over ${http2 ? 'HTTP/2' : 'HTTP/1.1'}`, () => {
    for (const { title, chain, code } of FAILURES) {
      it(`many calls at once to a host that ${title} disturb none to another`, async (t) => {
        const good = await startServer(t, presented(leaf, issuing), http2)
        const bad = await startServer(t, chain, http2)
        const { guard } = guardOf(t)
        const calls = Array.from({ length: 8 }, (_, number) => [
          surface.call(guard, `https://${BAD_HOST}:${bad.port}/${number}`).catch(codeOf),
          surface.call(guard, `https://${HOST}:${good.port}/${number}`).then(({ status }) => status),
        ])
        const outcomes = await Promise.all(calls.map((pair) => Promise.all(pair)))
        assert.deepEqual(outcomes, Array(8).fill([code, 200]))
        await bad.whenConnectionsClosed()
        assert.deepEqual([bad.recording.bytes, good.recording.requests], [0, 8])
      })

      it(`an idle connection outlives calls to a host that ${title}`, async (t) => {
        const good = await startServer(t, presented(leaf, issuing), http2)
        const bad = await startServer(t, chain, http2)
        const { guard } = guardOf(t)
        for (let round = 0; round < 3; round++) {
          await assertAccepted(() => surface.call(guard, `https://${HOST}:${good.port}/`), good)
          await nextTurn()
          const refused = surface.call(guard, `https://${BAD_HOST}:${bad.port}/`)
          await assert.rejects(refused, (error) => codeOf(error) === code)
        }
        assert.equal(good.recording.connections, 1)
      })
    }

    it('a name that is refused shares nothing with another name at the same address and port', async (t) => {
      const server = await startServer(t, presented(leaf, issuing), http2)
      server.presentFor(BAD_HOST, presented(trusted, issuing))
      const { guard } = guardOf(t)
      const outcomes = await Promise.all(
        [HOST, BAD_HOST, HOST, BAD_HOST].map((host) =>
          surface.call(guard, `https://${host}:${server.port}/`).then(({ status }) => status, codeOf),
        ),
      )
      assert.deepEqual(outcomes, [200, 'ERR_PIN_MISMATCH', 200, 'ERR_PIN_MISMATCH'])
      const names = server.recording.received.map(({ servername }) => servername)
      assert.deepEqual(names, [HOST, HOST])
    })

    it('a host whose handshake never ends holds up no other', async (t) => {
      const good = await startServer(t, presented(leaf, issuing), http2)
      const stalled = await startTlsServer(presented(trusted, issuing), { delayHandshake: () => new Promise(() => {}) })
      t.after(() => stalled.close())
      const { guard } = guardOf(t)
      const connected = stalled.whenConnected()
      const stuck = [1, 2].map(() => surface.call(guard, `https://${BAD_HOST}:${stalled.port}/`))
      await connected
      await assertAccepted(() => surface.call(guard, `https://${HOST}:${good.port}/`), good)
      stalled.destroyConnections()
      stalled.close()
      for (const { status } of await Promise.allSettled(stuck)) assert.equal(status, 'rejected')
    })
  })
}

for (const surface of SURFACES) {
  it(`a second connection to a host that is refused ends neither the first nor its request (${surface.name})`, async (t) => {
    const answer = Promise.withResolvers<object>()
    const server = await startTlsServer(presented(leaf, issuing), {
      respond: async ({ url }) => (url === '/running' ? await answer.promise : {}),
    })
    t.after(() => server.close())
    const { guard } = guardOf(t)
    const call = (path: string) => surface.call(guard, `https://${HOST}:${server.port}${path}`)
    const requested = server.whenRequested()
    const running = call('/running')
    await requested
    server.present(presented(await leafOf(foe.issuing, [HOST]), foe.issuing))
    server.ticketKeysRenew()
    await assert.rejects(call('/second'), (error) => codeOf(error) === 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY')
    answer.resolve({})
    assert.equal((await running).status, 200)
    await nextTurn()
    await assertAccepted(() => call('/third'), server)
    assert.deepEqual(
      server.recording.received.map(({ url, connection }) => [url, connection]),
      [
        ['/running', 1],
        ['/third', 1],
      ],
    )
  })
}

async function startServer(t: TestContext, chain: Parameters<typeof startTlsServer>[0], http2: boolean) {
  const server = await startTlsServer(chain, { http2 })
  t.after(() => server.close())
  return server
}

function guardOf(t: TestContext) {
  const watched = watchedGuard({ policy, ca: root.certificate })
  t.after(() => watched.guard.close())
  return watched
}
