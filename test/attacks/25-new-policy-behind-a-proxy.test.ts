/**
 * Row 25: a connection through a proxy lives on two judgements, the origin's and that of a pinned proxy. A policy that
 * takes either back ends it as it would end a direct one: at once when idle, after its request when busy.
 *
 *     guard ══ tunnel, idle ══→ origin      the origin's key is revoked:  closed, the next call refused
 *                                           the proxy's key is revoked:   closed, the next call refused at the proxy
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { HOST } from './cast.ts'
import { NOBODYS_PINS } from './changing-policy.ts'
import {
  assertKnewNothing,
  changingScene,
  httpProxy,
  httpsProxy,
  originPinned,
  PROXIES,
  PROXY_HOST,
  proxyLeaf,
  SECRET_CALL,
  socksProxy,
  victim,
} from './proxied.ts'
import { assertAccepted, assertRefused, codeOf, lookupLoopback, SURFACES } from './surfaces.ts'

const originRevoked = { version: 1, hosts: { [HOST]: { pins: NOBODYS_PINS } } }
const originRotated = { version: 1, hosts: { [HOST]: { pins: [victim.issuing.pin, NOBODYS_PINS[0]] } } }
const bothPinned = { version: 1, hosts: { ...originPinned, [PROXY_HOST]: { pins: [proxyLeaf.pin, NOBODYS_PINS[0]] } } }
const proxyRevoked = { version: 1, hosts: { ...originPinned, [PROXY_HOST]: { pins: NOBODYS_PINS } } }
const proxyDenied = { ...bothPinned, deny: [proxyLeaf.pin] }

/** A connection that nobody closes would be waited for. */
const impatient = { timeout: 20_000 }

/** The agent and Node's own fetch speak HTTP/1.1 only. */
const COMBINATIONS = [
  ...SURFACES.map((surface) => ({ surface, http2: false })),
  ...SURFACES.slice(0, 2).map((surface) => ({ surface, http2: true })),
]

for (const { surface, http2 } of COMBINATIONS) {
  const originOptions = { http2 }
  for (const kind of PROXIES) {
    describe(`through ${kind.name}, by ${surface.name} over ${http2 ? 'HTTP/2' : 'HTTP/1.1'}`, impatient, () => {
      it('the connection is kept under a new policy that accepts it', async (t) => {
        const { guard, publish, proxy, origin, url } = await changingScene(t, kind, { originOptions })
        await assertAccepted(() => surface.call(guard, url), origin)
        await publish(originRotated)
        await nextTurn()
        await assertAccepted(() => surface.call(guard, url), origin)
        assert.deepEqual([proxy.recording.connections, origin.recording.connections], [1, 1])
        assert.equal(origin.recording.received[1]?.httpVersion, http2 ? '2.0' : '1.1')
      })

      it("a policy that revokes the origin's key closes the tunnel, and the next call is refused", async (t) => {
        const { guard, events, publish, proxy, origin, url } = await changingScene(t, kind, { originOptions })
        await assertAccepted(() => surface.call(guard, url), origin)
        await publish(originRevoked)
        await Promise.all([proxy.whenConnectionsClosed(), origin.whenConnectionsClosed()])
        const call = () => surface.call(guard, url, SECRET_CALL)
        await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server: origin, events })
        await proxy.whenConnectionsClosed()
        assertKnewNothing(proxy)
      })

      it('a policy that comes while the tunnel is granted holds for that connection', async (t) => {
        const granted = Promise.withResolvers<undefined>()
        const { guard, publish, proxy, origin, url } = await changingScene(t, kind, {
          originOptions,
          proxy: { answer: () => granted.promise },
        })
        const asked = proxy.whenAsked()
        const call = surface.call(guard, url, SECRET_CALL)
        await asked
        await publish(originRevoked)
        granted.resolve(undefined)
        await assert.rejects(call, (error) => codeOf(error) === 'ERR_PIN_MISMATCH')
        await Promise.all([proxy.whenConnectionsClosed(), origin.whenConnectionsClosed()])
        assert.equal(origin.recording.bytes, 0)
      })
    })
  }

  describe(`a pinned HTTPS proxy, by ${surface.name} over ${http2 ? 'HTTP/2' : 'HTTP/1.1'}`, impatient, () => {
    const scene = { originOptions, policy: bothPinned }

    for (const { title, before = bothPinned, document, code } of [
      {
        title: 'pins its host for the first time, to another key',
        before: { version: 1, hosts: originPinned },
        document: proxyRevoked,
        code: 'ERR_PIN_MISMATCH',
      },
      { title: 'no longer pins its key', document: proxyRevoked, code: 'ERR_PIN_MISMATCH' },
      { title: 'denies its key', document: proxyDenied, code: 'ERR_KEY_DENIED' },
    ]) {
      it(`is hung up on by a policy that ${title}, and hears nothing of the next call`, async (t) => {
        const { guard, publish, proxy, origin, url } = await changingScene(t, httpsProxy, { ...scene, policy: before })
        await assertAccepted(() => surface.call(guard, url), origin)
        await publish(document)
        await Promise.all([proxy.whenConnectionsClosed(), origin.whenConnectionsClosed()])
        proxy.recording.clear()
        await assert.rejects(surface.call(guard, url, SECRET_CALL), (error) => codeOf(error) === code)
        await proxy.whenConnectionsClosed()
        assert.deepEqual([proxy.recording.bytes, origin.recording.requests], [0, 1])
        await publish(bothPinned)
        await assertAccepted(() => surface.call(guard, url), origin)
      })
    }

    it('ends the call when its key is revoked in the midst of the handshake with the origin', async (t) => {
      const held = Promise.withResolvers<void>()
      const { guard, publish, proxy, url } = await changingScene(t, httpsProxy, {
        policy: bothPinned,
        originOptions: { http2, delayHandshake: () => held.promise },
      })
      // At once, and not by a time-out.
      const call = assert.rejects(surface.call(guard, url, SECRET_CALL), ({ cause, message }) =>
        /was closed/.test(cause instanceof Error ? cause.message : message),
      )
      // The guard's first word to the origin is in the tunnel.
      while (!proxy.recording.tunnels.some(({ sent }) => sent.length > 0)) await nextTurn()
      await publish(proxyRevoked)
      await proxy.whenConnectionsClosed()
      await call
      held.resolve()
      assertKnewNothing(proxy)
    })

    it('carries a running request to its end when its key is revoked, and is then hung up on', async (t) => {
      const answer = Promise.withResolvers<{ body: string }>()
      const { guard, publish, proxy, origin, url } = await changingScene(t, httpsProxy, {
        policy: bothPinned,
        originOptions: { http2, respond: () => answer.promise },
      })
      const requested = origin.whenRequested()
      const running = surface.call(guard, url)
      await requested
      await publish(proxyRevoked)
      await assert.rejects(surface.call(guard, url), (error) => codeOf(error) === 'ERR_PIN_MISMATCH')
      answer.resolve({ body: 'well ended' })
      assert.deepEqual(await running, { status: 200, body: 'well ended' })
      await Promise.all([proxy.whenConnectionsClosed(), origin.whenConnectionsClosed()])
      assert.equal(origin.recording.requests, 1)
    })

    it('is hung up on when its key is revoked while it grants a tunnel', async (t) => {
      const granted = Promise.withResolvers<undefined>()
      const { guard, publish, proxy, origin, url } = await changingScene(t, httpsProxy, {
        ...scene,
        proxy: { answer: () => granted.promise },
      })
      const asked = proxy.whenAsked()
      const refused = assert.rejects(surface.call(guard, url, SECRET_CALL))
      await asked
      await publish(proxyRevoked)
      await proxy.whenConnectionsClosed()
      granted.resolve(undefined)
      await refused
      assert.equal(origin.recording.bytes, 0)
    })
  })

  for (const kind of [httpProxy, socksProxy]) {
    it(
      `${kind.name} that a new policy covers is used no more (${surface.name}, ${http2 ? 'HTTP/2' : 'HTTP/1.1'})`,
      impatient,
      async (t) => {
        const { guard, publish, origin, proxy, url } = await changingScene(t, kind, { originOptions })
        await assertAccepted(() => surface.call(guard, url), origin)
        await nextTurn()
        await publish(bothPinned)
        await assert.rejects(surface.call(guard, url), (error) => codeOf(error) === 'ERR_PLAINTEXT_REFUSED')
        await proxy.whenConnectionsClosed()
        assert.equal(origin.recording.requests, 1)
      },
    )
  }

  for (const kind of [httpProxy, socksProxy]) {
    const how = `${surface.name}, ${http2 ? 'HTTP/2' : 'HTTP/1.1'}`
    it(
      `${kind.name} that a new policy covers while it is being connected is told nothing (${how})`,
      impatient,
      async (t) => {
        const sought = Promise.withResolvers<void>()
        const found = Promise.withResolvers<void>()
        const { guard, publish, proxy, origin, url } = await changingScene(t, kind, {
          originOptions,
          lookup(...query) {
            sought.resolve()
            void found.promise.then(() => lookupLoopback(...query))
          },
        })
        const call = surface.call(guard, url, SECRET_CALL)
        await sought.promise
        await publish(bothPinned)
        found.resolve()
        await assert.rejects(call)
        await proxy.whenConnectionsClosed()
        assert.deepEqual([proxy.recording.bytes, origin.recording.connections], [0, 0])
      },
    )
  }
}
