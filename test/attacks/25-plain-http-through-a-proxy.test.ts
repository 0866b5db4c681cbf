/**
 * Row 25: plain HTTP goes through a proxy by a tunnel as well, and follows the same rules as without one: to a host
 * that an entry covers it is refused before the proxy hears of it, to others the policy's default speaks.
 *
 *     http://pinned   ──╳   not even a connection to the proxy
 *     http://other    ── CONNECT other:80 ─→ proxy ──→ other      under "default": "allow"
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { refusal } from '../support/connect-proxy.ts'
import { startPlainServer } from '../support/plain-server.ts'
import { HOST } from './cast.ts'
import { pinning } from './changing-policy.ts'
import {
  assertProxyFailed,
  changingScene,
  httpProxy,
  originPinned,
  PROXIES,
  proxiedScene,
  rejection,
  SECRET_CALL,
  urlOf,
  victim,
} from './proxied.ts'
import { assertAccepted, assertRefused, codeOf, SURFACES } from './surfaces.ts'

const UNCOVERED = 'uncovered.test'
const allowing = { version: 1, default: 'allow', hosts: originPinned }
const denying = { version: 1, hosts: originPinned }

/** Not the agent: an https Agent takes no `http:` at all. */
const PLAIN_SURFACES = SURFACES.filter(({ name }) => !name.startsWith('pinnedAgent'))

/** A call that hangs would be waited for. */
const impatient = { timeout: 20_000 }

for (const surface of PLAIN_SURFACES) {
  for (const kind of PROXIES) {
    describe(`http: through ${kind.name}, by ${surface.name}`, impatient, () => {
      it('goes to an uncovered host by a tunnel, which is kept', async (t) => {
        const plain = await startPlainServer()
        t.after(() => plain.close())
        const { guard, proxy } = await proxiedScene(t, kind, { policy: allowing })
        for (let calls = 0; calls < 2; calls++) {
          await assertAccepted(() => surface.call(guard, `http://${UNCOVERED}:${plain.port}/`), plain)
          await nextTurn()
        }
        assert.deepEqual(proxy.recording.requests, [])
        const [tunnel] = proxy.recording.tunnels
        assert.deepEqual([proxy.recording.tunnels.length, tunnel?.target], [1, `${UNCOVERED}:${plain.port}`])
        assert.match(String(tunnel?.sent), /^GET \/ HTTP\/1\.1\r\n/)
      })

      for (const { policy, host, code } of [
        { policy: allowing, host: HOST, code: 'ERR_PLAINTEXT_REFUSED' },
        { policy: denying, host: HOST, code: 'ERR_PLAINTEXT_REFUSED' },
        { policy: denying, host: UNCOVERED, code: 'ERR_HOST_NOT_COVERED' },
      ]) {
        it(`is refused to ${host} with ${code} under ${JSON.stringify(policy).includes('allow') ? '"allow"' : '"deny"'}`, async (t) => {
          const plain = await startPlainServer()
          t.after(() => plain.close())
          const { guard, events, proxy } = await proxiedScene(t, kind, { policy })
          const call = () => surface.call(guard, `http://${host}:${plain.port}/`, SECRET_CALL)
          await assertRefused(call, { code, server: plain, events })
          assert.equal(proxy.recording.connections, 0)
        })
      }

      it('is refused on the tunnel that carried it while the host was not covered', async (t) => {
        const plain = await startPlainServer()
        t.after(() => plain.close())
        const uncovered = {
          ...allowing,
          hosts: { 'somebody.else.test': { pins: [victim.leaf.pin, victim.issuing.pin] } },
        }
        const { guard, publish, proxy } = await changingScene(t, kind, { policy: uncovered })
        const call = () => surface.call(guard, `http://${HOST}:${plain.port}/`)
        await assertAccepted(call, plain)
        await nextTurn()
        const { bytes } = plain.recording
        await publish(pinning([victim.leaf.pin, victim.issuing.pin], { default: 'allow' }))
        await assert.rejects(call, (error) => codeOf(error) === 'ERR_PLAINTEXT_REFUSED')
        assert.equal(plain.recording.bytes, bytes)
        assert.equal(proxy.recording.tunnels.length, 1)
      })
    })
  }

  it(`a proxy that refuses fails the call, and no other way is tried (${surface.name})`, impatient, async (t) => {
    const plain = await startPlainServer()
    t.after(() => plain.close())
    const { guard, proxy } = await proxiedScene(t, httpProxy, {
      policy: allowing,
      proxy: { answer: () => refusal(403) },
    })
    const error = await rejection(surface.call(guard, `http://${UNCOVERED}:${plain.port}/`, SECRET_CALL))
    assertProxyFailed(error, { host: UNCOVERED, port: plain.port, proxy: urlOf(httpProxy, proxy) })
    await proxy.whenConnectionsClosed()
    assert.equal(plain.recording.connections, 0)
  })
}
