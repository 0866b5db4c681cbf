/**
 * Row 16, what else must not cross: the session or the socket that a client certificate opened, to a request without
 * it; and an open connection, to another port, or to another name at the same address.
 *
 *     pinnedAgent, { cert, key }      ── "we are the bank" ─→  session, idle socket
 *     pinnedAgent, without            ── anonymous ─────────→  neither of them
 *
 *     https://a:1                     ── judged as a:1 ─────→  idle
 *     https://a:2                     ── judged as a:2 ─────→  a connection of its own
 *
 *     dns interceptor                 https://a → https://127.0.0.1 ── judged as a ─→ idle
 *                                     https://b → https://127.0.0.1 ── judged as b ─→ a connection of its own
 */

import assert from 'node:assert/strict'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { interceptors, request } from 'undici'
import { CLIENT_AUTHENTICATION, leafOf, mint, presented } from '../support/authority.ts'
import { startTlsServer, type TlsServer } from '../support/tls-server.ts'
import { HOST, partner } from './cast.ts'
import { NOBODYS_PINS } from './changing-policy.ts'
import { assertAccepted, assertRefused, type Guarded, SURFACES, watchedGuard } from './surfaces.ts'

const OTHER_HOST = 'other.partner.test'

const { root, issuing } = await partner()
const leaf = await leafOf(issuing, [HOST, OTHER_HOST])
const pins = [leaf.pin, issuing.pin]
const bank = await clientCertificate('the bank')
const shop = await clientCertificate('the shop')
const anonymous = {}

describe('by pinnedAgent with a client certificate', () => {
  for (const versions of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const [title, first, second] of [
      ['a request without one', bank, anonymous],
      ['a request with another one', bank, shop],
      ['a request with one, after one without', anonymous, bank],
    ] as const) {
      it(`neither its session nor its socket is used for ${title} (${versions})`, async (t) => {
        const server = await startTlsServer(presented(leaf, issuing), { versions, requestCert: true })
        t.after(() => server.close())
        const { guard } = watchedGuard({ policy: { [HOST]: pins }, ca: root.certificate })
        t.after(() => guard.close())
        const url = `https://${HOST}:${server.port}/`
        for (const identity of [first, second, first, second]) {
          await assertAccepted(() => get(guard, url, identity), server)
          await nextTurn()
        }
        const carriers = server.recording.received.map(({ connection }) => connection)
        assert.deepEqual(carriers, [1, 2, 1, 2])
        assert.equal(server.recording.resumed, 0)
      })
    }

    it(`no session that it opened is kept (${versions})`, async (t) => {
      const respond = () => ({ headers: { connection: 'close' } })
      const server = await startTlsServer(presented(leaf, issuing), { versions, requestCert: true, respond })
      t.after(() => server.close())
      const { guard } = watchedGuard({ policy: { [HOST]: pins }, ca: root.certificate })
      t.after(() => guard.close())
      const resumed: number[] = []
      for (const identity of [bank, anonymous, bank, anonymous]) {
        await assertAccepted(() => get(guard, `https://${HOST}:${server.port}/`, identity), server)
        resumed.push(server.recording.resumed)
      }
      assert.deepEqual(resumed, [0, 0, 0, 1])
    })
  }
})

for (const surface of SURFACES) {
  it(`an open connection to one port is no way in for another (${surface.name})`, async (t) => {
    const first = await startTlsServer(presented(leaf, issuing))
    const second = await startTlsServer(presented(leaf, issuing))
    t.after(() => Promise.all([first.close(), second.close()]))
    const policy = { [HOST]: pins, [`${HOST}:${second.port}`]: NOBODYS_PINS }
    const { guard, events } = watchedGuard({ policy, ca: root.certificate })
    t.after(() => guard.close())
    const call = ({ port }: TlsServer) => surface.call(guard, `https://${HOST}:${port}/`)
    await assertAccepted(() => call(first), first)
    await nextTurn()
    await assertRefused(() => call(second), { code: 'ERR_PIN_MISMATCH', server: second, events })
    await assertAccepted(() => call(first), first)
    assert.equal(first.recording.connections, 1)
  })
}

describe("by pinnedDispatcher behind undici's dns interceptor", () => {
  const toLoopback = interceptors.dns({
    lookup: (_origin, _options, found) => found(null, [{ address: '127.0.0.1', family: 4, ttl: 60_000 }]),
  })

  for (const http2 of [false, true]) {
    it(`an open connection of one name is no way in for another (${http2 ? 'HTTP/2' : 'HTTP/1.1'})`, async (t) => {
      const server = await startTlsServer(presented(leaf, issuing), { http2 })
      t.after(() => server.close())
      const { guard } = watchedGuard({ policy: { [HOST]: pins, [OTHER_HOST]: NOBODYS_PINS }, ca: root.certificate })
      t.after(() => guard.close())
      const dispatcher = guard.dispatcher.compose(toLoopback)
      const ask = async (host: string) => {
        const { statusCode, body } = await request(`https://${host}:${server.port}/`, { dispatcher })
        return { status: statusCode, body: await body.text() }
      }
      await assertAccepted(() => ask(HOST), server)
      await assert.rejects(ask(OTHER_HOST), { code: 'ERR_PIN_MISMATCH' })
      await nextTurn()
      await assertAccepted(() => ask(HOST), server)
      const carriers = server.recording.received.map(({ connection, servername }) => [connection, servername])
      assert.deepEqual(carriers, [
        [1, HOST],
        [1, HOST],
      ])
    })
  }

  it('a name that the address of another one refuses is not judged as a bare address', async (t) => {
    const addressed = await leafOf(issuing, [HOST, '127.0.0.1'])
    const server = await startTlsServer(presented(addressed, issuing))
    t.after(() => server.close())
    const policy = { version: 1, default: 'allow', hosts: { [HOST]: { pins: NOBODYS_PINS } } }
    const { guard, events } = watchedGuard({ policy, ca: root.certificate })
    t.after(() => guard.close())
    // Whoever answers for DNS gives an address where nobody listens, and one where the attacker does, who has a
    // certificate for it. After the first, the interceptor asks for the second without the name.
    const records = [
      { address: '127.0.0.1', family: 4, port: 1, ttl: 60_000 } as const,
      { address: '::ffff:127.0.0.1', family: 6, port: server.port, ttl: 60_000 } as const,
    ]
    const dispatcher = guard.dispatcher.compose(
      interceptors.dns({ lookup: (_origin, _options, found) => found(null, records) }),
    )
    const call = async () => (await request(`https://${HOST}:${server.port}/`, { dispatcher })).statusCode
    await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server, events })
  })
})

async function clientCertificate(name: string): Promise<RequestOptions> {
  const { privateKey, certificate } = await mint({ subject: `CN=${name}`, extendedKeyUsage: [CLIENT_AUTHENTICATION] })
  return { key: privateKey, cert: certificate }
}

function get(guard: Guarded, url: string, options: RequestOptions): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(url, { ...options, agent: guard.agent }, (incoming) => {
      let body = ''
      incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body })).on('error', reject)
    })
    outgoing.on('error', reject).end()
  })
}
