/**
 * Row 25, the trap beside it: undici's `ProxyAgent` and `EnvHttpProxyAgent` take a `connect` option and do not use it for
 * the origin behind the proxy. Who pins there, pins nothing, and is told nothing. The same pins with the option `proxy`
 * refuse.
 *
 *     new ProxyAgent({ connect: { checkServerIdentity } })   ── tunnel ─→ any trusted key   answered
 *     createGuard({ proxy })                                 ── tunnel ─→ the same          refused
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent, ProxyAgent, request } from 'undici'
import { presented } from '../support/authority.ts'
import { attacker, HOST } from './cast.ts'
import { httpProxy, proxiedScene, urlOf, victim } from './proxied.ts'
import { assertRefused, lookupLoopback, SURFACES } from './surfaces.ts'

const foe = await attacker()
const ca = [victim.root.certificate, foe.root.certificate]

/** What many recipes say pinning is; each would refuse the attacker's key. */
const recipes = (asked: string[]) => {
  const checkServerIdentity = (host: string): Error => {
    asked.push(host)
    return new Error('not pinned')
  }
  return { checkServerIdentity, ca, lookup: lookupLoopback }
}

const TRAPS: Readonly<Record<string, (url: string, asked: string[]) => Dispatcher>> = {
  'ProxyAgent with connect options': (uri, asked) =>
    new ProxyAgent({ uri, connect: recipes(asked), requestTls: { ca }, proxyTls: { lookup: lookupLoopback } }),
  'ProxyAgent with a connector': (uri, asked) =>
    new ProxyAgent({
      uri,
      connect: buildConnector(recipes(asked)),
      requestTls: { ca },
      proxyTls: { lookup: lookupLoopback },
    }),
  'EnvHttpProxyAgent with connect options': (httpsProxy, asked) =>
    new EnvHttpProxyAgent({
      httpProxy: httpsProxy,
      httpsProxy,
      noProxy: '',
      connect: recipes(asked),
      requestTls: { ca },
      proxyTls: { lookup: lookupLoopback },
    }),
}

describe("behind a proxy, the attacker's trusted key", { timeout: 20_000 }, () => {
  for (const [title, make] of Object.entries(TRAPS)) {
    it(`is answered by undici's ${title}: its check is not asked`, async (t) => {
      const { origin, proxy } = await scene(t)
      const asked: string[] = []
      const dispatcher = make(urlOf(httpProxy, proxy), asked)
      t.after(() => dispatcher.destroy())
      const { statusCode } = await request(`https://${HOST}:${origin.port}/secret`, { dispatcher })
      assert.deepEqual([statusCode, asked], [200, []])
      assert.equal(origin.recording.requests, 1)
    })
  }

  it("is refused by the same check in undici's Agent, where no proxy is", async (t) => {
    const { origin } = await scene(t)
    const asked: string[] = []
    const dispatcher = new Agent({ connect: recipes(asked) })
    t.after(() => dispatcher.destroy())
    await assert.rejects(request(`https://${HOST}:${origin.port}/secret`, { dispatcher }), /not pinned/)
    assert.deepEqual([asked, origin.recording.requests], [[HOST], 0])
  })

  for (const surface of SURFACES) {
    it(`is refused by ${surface.name}`, async (t) => {
      const { guard, events, origin, proxy, url } = await scene(t)
      await assertRefused(() => surface.call(guard, url), { code: 'ERR_PIN_MISMATCH', server: origin, events })
      assert.equal(proxy.recording.tunnels.length, 1)
    })
  }
})

function scene(t: TestContext) {
  return proxiedScene(t, httpProxy, { origin: presented(foe.leaf, foe.issuing), guard: { ca } })
}
