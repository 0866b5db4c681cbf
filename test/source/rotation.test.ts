/**
 * A partner rotates its key while a function holds the policy of before.
 *
 * The new pin stands in the secret already. The mismatch asks for it, and the same handshake is judged again: no request
 * fails, and the server sees one handshake.
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { SURFACES, type Surface, watchedGuard } from '../attacks/surfaces.ts'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { awsClientOptions, startSecretsEndpoint } from '../support/secrets-endpoint.ts'
import { startTlsServer, type TlsServerOptions } from '../support/tls-server.ts'

const SECRET = 'prod/partner-pins'

const root = await rootAuthority('Rotation Root')
const before = await leafOf(root, ['api.partner.test'])
const after = await leafOf(root, ['api.partner.test'])
const stranger = await leafOf(root, ['api.partner.test'])

const pinning = (...pins: readonly string[]) => JSON.stringify({ 'api.partner.test': pins })

/** A guard with the policy of before, a server with the key of after. */
async function rotated(t: TestContext, surface: Surface, options: TlsServerOptions = {}) {
  const endpoint = await startSecretsEndpoint()
  const server = await startTlsServer(presented(after), options)
  endpoint.put(SECRET, pinning(before.pin, stranger.pin))
  const { guard, events } = watchedGuard({
    secretId: SECRET,
    awsClientOptions: awsClientOptions(endpoint),
    ca: root.certificate,
  })
  t.after(async () => {
    await guard.close()
    await server.close()
    await endpoint.close()
  })
  await guard.ready()
  const call = () => surface.call(guard, `https://api.partner.test:${server.port}/`)
  return { endpoint, server, events, call, surface }
}

for (const surface of SURFACES) {
  describe(`a rotation that is in the secret already (${surface.name})`, () => {
    for (const versions of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`fails no request, and costs one handshake and one question (${versions})`, async (t) => {
        const { endpoint, server, events, call } = await rotated(t, surface, { versions })
        endpoint.put(SECRET, pinning(before.pin, after.pin))
        assert.equal((await call()).status, 200)
        const { connections, handshakes, requests } = server.recording
        assert.deepEqual({ connections, handshakes, requests }, { connections: 1, handshakes: 1, requests: 1 })
        assert.equal(endpoint.requests.length, 2)
        assert.ok(!events.some(({ type }) => type === 'pin-failure'))
        assert.ok(events.some((event) => event.type === 'policy-refreshed' && event.changed && event.ageSeconds > 0))
      })
    }

    it('fails none of many at once, and costs one question, or two when handshakes end while it is open', async (t) => {
      const { endpoint, server, events, call } = await rotated(t, surface)
      endpoint.put(SECRET, pinning(before.pin, after.pin))
      const answers = await Promise.all(Array.from({ length: 20 }, call))
      assert.ok(answers.every(({ status }) => status === 200))
      assert.equal(server.recording.requests, 20)
      assert.ok(endpoint.requests.length <= 3, `${endpoint.requests.length} loads`)
      assert.ok(!events.some(({ type }) => type === 'pin-failure'))
    })

    it('that is not in the secret is refused, with the question asked', async (t) => {
      const { endpoint, server, call } = await rotated(t, surface)
      await assert.rejects(call())
      await server.whenConnectionsClosed()
      assert.deepEqual([server.recording.bytes, endpoint.requests.length], [0, 2])
    })

    it('writes nothing to the server while the question is open', async (t) => {
      const { endpoint, server, call } = await rotated(t, surface)
      endpoint.put(SECRET, pinning(before.pin, after.pin))
      const held = endpoint.hold()
      const answer = call()
      await held.asked
      assert.equal(server.recording.bytes, 0)
      held.release()
      assert.equal((await answer).status, 200)
    })
  })
}
