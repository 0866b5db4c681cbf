/**
 * Row 25: a tunnel is a connection like any other: kept for the next call, shared by no other guard, opened beside
 * others, before it is needed, for HTTP/2, and for what a request is upgraded to.
 *
 *     guard A ══ tunnel ══→ first call, second call, third call
 *     guard B ══ tunnel of its own, through its own proxy
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { leafOf, presented } from '../support/authority.ts'
import { HOST } from './cast.ts'
import { NOBODYS_PINS, pinning } from './changing-policy.ts'
import { FOLLOWERS } from './followers.ts'
import { assertKnewNothing, originPinned, outcomeOf, PROXIES, proxiedScene, urlOf, victim } from './proxied.ts'
import { assertAccepted, codeOf, SURFACES, watchedGuard } from './surfaces.ts'

const MISPINNED = 'mispinned.partner.test'
const UNCOVERED = 'uncovered.test'
const leaf = await leafOf(victim.issuing, [HOST, MISPINNED, UNCOVERED], { keys: victim.leaf })
const origin = presented(leaf, victim.issuing)
const hosts = { ...originPinned, [MISPINNED]: { pins: NOBODYS_PINS } }

/** A call that hangs would be waited for. */
const impatient = { timeout: 30_000 }

for (const kind of PROXIES) {
  for (const surface of SURFACES) {
    describe(`through ${kind.name}, by ${surface.name}`, impatient, () => {
      it('three calls after one another share one tunnel', async (t) => {
        const { guard, proxy, origin, url } = await proxiedScene(t, kind)
        for (let calls = 0; calls < 3; calls++) {
          await assertAccepted(() => surface.call(guard, url), origin)
          // undici gives a connection back in the turn of the event loop after the answer.
          await nextTurn()
        }
        assert.deepEqual([proxy.recording.tunnels.length, origin.recording.connections], [1, 1])
      })

      it('fifty calls at once are all judged, each by its own host', async (t) => {
        const scene = await proxiedScene(t, kind, { origin, policy: { version: 1, hosts } })
        const { guard, proxy } = scene
        const call = (host: string) => outcomeOf(surface.call(guard, `https://${host}:${scene.origin.port}/`))
        const outcomes = await Promise.all(Array.from({ length: 25 }, () => [call(HOST), call(MISPINNED)]).flat())
        assert.deepEqual(outcomes, Array(25).fill([200, 'ERR_PIN_MISMATCH']).flat())
        assert.equal(scene.origin.recording.requests, 25)
        assertKnewNothing(proxy)
        await guard.close()
        await proxy.whenConnectionsClosed()
      })

      it('two guards with two proxies share nothing', async (t) => {
        const { guard, proxy, origin, url } = await proxiedScene(t, kind)
        const otherProxy = await kind.start()
        t.after(() => otherProxy.close())
        const other = watchedGuard({
          policy: pinning(NOBODYS_PINS),
          ca: victim.root.certificate,
          proxy: urlOf(kind, otherProxy),
        })
        t.after(() => other.guard.close())
        const outcomes = await Promise.all(
          [guard, other.guard, guard, other.guard].map((each) => outcomeOf(surface.call(each, url))),
        )
        assert.deepEqual(outcomes, [200, 'ERR_PIN_MISMATCH', 200, 'ERR_PIN_MISMATCH'])
        assert.ok(proxy.recording.tunnels.length > 0 && otherProxy.recording.tunnels.length > 0)
        assert.equal(origin.recording.requests, 2)
      })

      it('a tunnel that the proxy cuts fails its call, and the next one opens another', async (t) => {
        const answers = ['hang' as const]
        const originOptions = { respond: () => answers.shift() ?? {} }
        const { guard, proxy, origin, url } = await proxiedScene(t, kind, { originOptions })
        const requested = origin.whenRequested()
        const cut = assert.rejects(surface.call(guard, url))
        await requested
        proxy.destroyConnections()
        await cut
        await assertAccepted(() => surface.call(guard, url), origin)
        assert.equal(proxy.recording.tunnels.length, 2)
      })

      it('a kept tunnel that the proxy closes is not used again', async (t) => {
        const { guard, proxy, origin, url } = await proxiedScene(t, kind)
        await assertAccepted(() => surface.call(guard, url), origin)
        await nextTurn()
        proxy.destroyConnections()
        await Promise.all([proxy.whenConnectionsClosed(), origin.whenConnectionsClosed()])
        await nextTurn()
        await assertAccepted(() => surface.call(guard, url), origin)
        assert.equal(proxy.recording.tunnels.length, 2)
      })
    })
  }

  for (const surface of SURFACES.slice(0, 2)) {
    it(`HTTP/2 is spoken through ${kind.name}, by ${surface.name}`, impatient, async (t) => {
      const { guard, proxy, origin, url } = await proxiedScene(t, kind, { originOptions: { http2: true } })
      await Promise.all(Array.from({ length: 5 }, () => surface.call(guard, url)))
      assert.deepEqual([...new Set(origin.recording.received.map(({ httpVersion }) => httpVersion))], ['2.0'])
      assertKnewNothing(proxy)
    })
  }

  describe(`a connection opened before it is needed, through ${kind.name}`, impatient, () => {
    it('is used by the first call', async (t) => {
      const { guard, proxy, origin, url } = await preconnecting(t, pinning([victim.leaf.pin, NOBODYS_PINS[0]]))
      assert.deepEqual([proxy.recording.tunnels.length, origin.recording.bytes], [1, 0])
      const [pinnedFetch] = SURFACES as [(typeof SURFACES)[number]]
      await assertAccepted(() => pinnedFetch.call(guard, url), origin)
      assert.equal(proxy.recording.tunnels.length, 1)
    })

    it('is closed when its key is not pinned', async (t) => {
      const { proxy, origin } = await preconnecting(t, pinning(NOBODYS_PINS))
      await Promise.all([proxy.whenConnectionsClosed(), origin.whenConnectionsClosed()])
      assert.deepEqual([proxy.recording.tunnels.length, origin.recording.bytes], [1, 0])
      assertKnewNothing(proxy)
    })

    async function preconnecting(t: Parameters<typeof proxiedScene>[0], policy: object) {
      const { proxy, origin, url } = await proxiedScene(t, kind)
      const { guard } = watchedGuard({
        policy,
        ca: victim.root.certificate,
        proxy: urlOf(kind, proxy),
        preconnect: [`${HOST}:${origin.port}`],
      })
      t.after(() => guard.close())
      await guard.ready()
      return { guard, proxy, origin, url }
    }
  })

  for (const follower of FOLLOWERS) {
    it(`a redirect through ${kind.name} is judged at each step (${follower.name})`, impatient, async (t) => {
      const scene = await proxiedScene(t, kind, {
        origin,
        policy: { version: 1, hosts },
        originOptions: {
          respond: ({ url }) => (url.startsWith('/to?') ? { status: 302, headers: { location: url.slice(4) } } : {}),
        },
      })
      const { guard, proxy } = scene
      const to = (host: string) => `https://${HOST}:${scene.origin.port}/to?https://${host}:${scene.origin.port}/`
      assert.equal((await follower.follow(guard, to(HOST))).status, 200)
      for (const [host, code] of [
        [MISPINNED, 'ERR_PIN_MISMATCH'],
        [UNCOVERED, 'ERR_HOST_NOT_COVERED'],
      ] as const) {
        await assert.rejects(follower.follow(guard, to(host)), (error) => codeOf(error) === code)
      }
      assert.equal(scene.origin.recording.requests, 4)
      assert.deepEqual([...new Set(proxy.recording.tunnels.map(({ host }) => host))], [HOST, MISPINNED])
      assertKnewNothing(proxy)
    })
  }
}
