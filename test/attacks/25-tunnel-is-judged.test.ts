/**
 * Row 25: a call that goes through a proxy is judged by the origin's keys as if there were no proxy. undici's own
 * `ProxyAgent` forgets its connector's check there, and a proxy is just where an interceptor sits.
 *
 *     guard ── CONNECT ─→ proxy ──→ origin        judged by the pins of the origin's entry
 *     guard ── CONNECT ─→ proxy speaks TLS itself  with a certificate that Node trusts: refused, no byte
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { leafOf, presented } from '../support/authority.ts'
import { attacker, HOST } from './cast.ts'
import { NOBODYS_PINS, pinning } from './changing-policy.ts'
import { assertKnewNothing, PROXIES, proxiedScene, proxyLeaf, SECRET_CALL, victim } from './proxied.ts'
import { assertAccepted, assertRefused, SURFACES } from './surfaces.ts'

const foe = await attacker()
const trusted = { ca: [victim.root.certificate, foe.root.certificate] }

/** A tunnel that nobody answers in would be waited for. */
const impatient = { timeout: 20_000 }

for (const kind of PROXIES) {
  for (const surface of SURFACES) {
    describe(`through ${kind.name}, by ${surface.name}`, impatient, () => {
      it('the right pin passes, and the proxy learns where the call goes and nothing else', async (t) => {
        const { guard, events, proxy, origin, url } = await proxiedScene(t, kind)
        await assertAccepted(() => surface.call(guard, url, SECRET_CALL), origin)
        assert.equal(origin.recording.received[0]?.body, SECRET_CALL.body)
        assert.deepEqual(origin.recording.servernames, [HOST])
        assertKnewNothing(proxy)
        assert.deepEqual(
          proxy.recording.tunnels.map(({ target, addressType }) => [target, addressType]),
          [[`${HOST}:${origin.port}`, 'name']],
        )
        const accepted = events.filter(({ type }) => type === 'connection-accepted')
        assert.ok(accepted.some((event) => event.type === 'connection-accepted' && event.host === HOST && event.pin))
      })

      it('a wrong pin is refused', async (t) => {
        const { guard, events, proxy, origin, url } = await proxiedScene(t, kind, { policy: pinning(NOBODYS_PINS) })
        await assertRefused(() => surface.call(guard, url, SECRET_CALL), {
          code: 'ERR_PIN_MISMATCH',
          server: origin,
          events,
        })
        await proxy.whenConnectionsClosed()
        assertKnewNothing(proxy)
      })

      for (const { who, chain, code } of [
        { who: 'whose authority is trusted', chain: presented(foe.leaf, foe.issuing), code: 'ERR_PIN_MISMATCH' },
        {
          who: 'whose authority is trusted, who appends the pinned certificate',
          chain: presented(foe.leaf, foe.issuing, victim.leaf),
          code: 'ERR_PIN_MISMATCH',
        },
        {
          who: "who shows the proxy's own certificate",
          chain: presented(proxyLeaf, victim.issuing),
          code: 'ERR_TLS_CERT_ALTNAME_INVALID',
        },
      ]) {
        it(`a proxy that intercepts, ${who}, is refused and reads nothing`, async (t) => {
          const { guard, events, proxy, origin, url } = await proxiedScene(t, kind, {
            proxy: { answer: () => ({ bytes: kind.granted, next: { intercept: chain } }) },
            guard: trusted,
          })
          await assertRefused(() => surface.call(guard, url, SECRET_CALL), { code, server: origin, events })
          assert.equal(origin.recording.connections, 0)
          await proxy.whenConnectionsClosed()
          assertKnewNothing(proxy)
          assert.equal(proxy.recording.tunnels.length, 1)
        })
      }

      it('a proxy that leads the call to another server of the partner is refused by that name', async (t) => {
        const elsewhere = presented(
          await leafOf(victim.issuing, ['other.partner.test'], { keys: victim.leaf }),
          victim.issuing,
        )
        const { guard, events, proxy, origin, url } = await proxiedScene(t, kind, { origin: elsewhere })
        const code = 'ERR_TLS_CERT_ALTNAME_INVALID'
        await assertRefused(() => surface.call(guard, url, SECRET_CALL), { code, server: origin, events })
        assertKnewNothing(proxy)
      })

      it('an uncovered host is refused before the proxy hears of it', async (t) => {
        const { guard, events, proxy, origin } = await proxiedScene(t, kind)
        const url = `https://uncovered.test:${origin.port}/secret`
        await assertRefused(() => surface.call(guard, url), { code: 'ERR_HOST_NOT_COVERED', server: origin, events })
        assert.equal(proxy.recording.connections, 0)
      })

      it("the proxy's key does not let the origin pass", async (t) => {
        const hosts = { [HOST]: { pins: [proxyLeaf.pin, NOBODYS_PINS[0]] } }
        const { guard, events, proxy, origin, url } = await proxiedScene(t, kind, { policy: { version: 1, hosts } })
        await assertRefused(() => surface.call(guard, url, SECRET_CALL), {
          code: 'ERR_PIN_MISMATCH',
          server: origin,
          events,
        })
        assertKnewNothing(proxy)
      })
    })
  }
}
