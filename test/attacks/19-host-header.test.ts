/**
 * Row 19: the Host header that speaks for another host.
 *
 *     GET / HTTP/1.1                       undici takes SNI, and the name it checks in the certificate, from this
 *     Host: free.partner.test      ◀────   header; Node's agent does the same. Whoever may set a header would choose
 *     (sent to api.partner.test)           which entry is asked, or that none is.
 *
 * The URL's host is the one that is judged, asked for in the handshake and verified. The header goes to the server as
 * the caller wrote it, and does nothing else.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { request as undiciRequest } from 'undici'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { assertAccepted, assertRefused, SURFACES, watchedGuard } from './surfaces.ts'

const root = await rootAuthority('Header Root')
const stranger = await rootAuthority('Stranger')
const leaf = await leafOf(root, ['api.partner.test', 'free.partner.test', 'other.partner.test', '127.0.0.1'])

/** `api` is pinned to a key that the server doesn't have, `free` to the one it has; anything else goes unpinned. */
const POLICY = {
  version: 1,
  default: 'allow',
  hosts: {
    'api.partner.test': { pins: [stranger.pin] },
    'free.partner.test': { pins: [leaf.pin, root.pin] },
  },
}

const options = { policy: POLICY, ca: root.certificate }

for (const surface of SURFACES) {
  describe(`a caller's Host header (${surface.name})`, () => {
    for (const host of ['free.partner.test', 'uncovered.test', '127.0.0.1', 'FREE.partner.test:443', '']) {
      it(`does not let a call escape its entry: Host ${JSON.stringify(host)}`, async (t) => {
        const server = await startTlsServer(presented(leaf))
        t.after(() => server.close())
        const { guard, events } = watchedGuard(options)
        t.after(() => guard.close())
        const call = () => surface.call(guard, `https://api.partner.test:${server.port}/`, { headers: { host } })
        await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server, events })
      })
    }

    it('does not bring a call under another entry', async (t) => {
      const server = await startTlsServer(presented(leaf))
      t.after(() => server.close())
      const { guard, events } = watchedGuard({ ...options, policy: { ...POLICY, default: 'deny' } })
      t.after(() => guard.close())
      const headers = { host: 'free.partner.test' }
      const call = () => surface.call(guard, `https://other.partner.test:${server.port}/`, { headers })
      await assertRefused(call, { code: 'ERR_HOST_NOT_COVERED', server, events })
    })

    it('is the server’s business alone: it changes no SNI and costs no connection', async (t) => {
      const server = await startTlsServer(presented(leaf))
      t.after(() => server.close())
      const { guard } = watchedGuard(options)
      t.after(() => guard.close())
      const place = `free.partner.test:${server.port}`
      const hosts = ['api.partner.test', 'uncovered.test', 'free.partner.test', 'uncovered.test', 'api.partner.test']
      for (const host of hosts) {
        await assertAccepted(() => surface.call(guard, `https://${place}/`, { headers: { host } }), server)
      }
      // In a fetch the header is forbidden (Fetch standard, 2.2.2): undici's and Node's both write their own.
      const expected = /fetch/i.test(surface.name) ? hosts.map(() => place) : hosts
      assert.deepEqual(
        server.recording.received.map(({ headers }) => headers['host']),
        expected,
      )
      assert.deepEqual([...new Set(server.recording.servernames)], ['free.partner.test'])
      // An undici pool may open a second connection before it sees that the first is free.
      assert.ok(server.recording.handshakes <= 2, `${server.recording.handshakes} handshakes for 5 calls`)
    })

    it('does not stand in for the name that the certificate must have', async (t) => {
      const server = await startTlsServer(presented(await leafOf(root, ['api.partner.test'], { keys: leaf })))
      t.after(() => server.close())
      const { guard, events } = watchedGuard(options)
      t.after(() => guard.close())
      const headers = { host: 'api.partner.test' }
      const call = () => surface.call(guard, `https://free.partner.test:${server.port}/`, { headers })
      await assertRefused(call, { code: 'ERR_TLS_CERT_ALTNAME_INVALID', server, events })
    })
  })
}

it('an option "servername" of a request through pinnedDispatcher does not choose the entry either', async (t) => {
  const server = await startTlsServer(presented(leaf))
  t.after(() => server.close())
  const { guard, events } = watchedGuard(options)
  t.after(() => guard.close())
  const url = `https://api.partner.test:${server.port}/`
  const named: object = { servername: 'free.partner.test' }
  const call = () => undiciRequest(url, { ...named, dispatcher: guard.dispatcher })
  await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server, events })
})
