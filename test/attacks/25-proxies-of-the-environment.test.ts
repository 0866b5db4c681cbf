/**
 * Row 25: proxy variables come from whoever deploys, and change. With `proxy: 'environment'` they are read for each new
 * connection, as curl reads them; with the default they change nothing, and the owner is told.
 *
 *     HTTPS_PROXY=http://proxy   NO_PROXY=partner.test   ─→ which way; never: whether the call is judged
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { HOST } from './cast.ts'
import { NOBODYS_PINS, pinning } from './changing-policy.ts'
import { inChild } from './child.ts'
import type { Given, Report } from './children/environment-proxy.ts'
import {
  assertKnewNothing,
  httpProxy,
  httpsProxy,
  originPinned,
  PROXIES,
  proxiedScene,
  SECRET_CALL,
  socksProxy,
  urlOf,
  victim,
} from './proxied.ts'
import { assertAccepted, assertRefused, codeOf, SURFACES, watchedGuard } from './surfaces.ts'

const NAMES = ['https_proxy', 'http_proxy', 'all_proxy', 'no_proxy']
const VARIABLES = NAMES.flatMap((name) => [name, name.toUpperCase()])

const fromEnvironment = { guard: { proxy: 'environment' } } as const

const EXEMPTIONS: readonly (readonly [list: string, isExempt: boolean])[] = [
  ['*', true],
  [HOST, true],
  ['API.Partner.Test', true],
  ['partner.test', true],
  ['.partner.test', true],
  ['*.partner.test', true],
  ['other.test,api.partner.test', true],
  ['other.test api.partner.test', true],
  ['ner.test', false],
  ['api.partner', false],
  ['sub.api.partner.test', false],
  ['other.test', false],
  ['127.0.0.1', false],
  ['', false],
  [`${HOST}:1`, false],
]

for (const surface of SURFACES) {
  describe(`proxy: 'environment', by ${surface.name}`, { timeout: 20_000 }, () => {
    for (const kind of PROXIES) {
      for (const name of ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY']) {
        it(`${name} leads through ${kind.name}, and the call is judged`, async (t) => {
          const { guard, proxy, origin, url } = await proxiedScene(t, kind, fromEnvironment)
          setVariables(t, { [name]: urlOf(kind, proxy) })
          await assertAccepted(() => surface.call(guard, url, SECRET_CALL), origin)
          assert.equal(proxy.recording.tunnels.length, 1)
          assertKnewNothing(proxy)
        })
      }

      it(`a wrong pin is refused through ${kind.name}`, async (t) => {
        const scene = { ...fromEnvironment, policy: pinning(NOBODYS_PINS) }
        const { guard, events, proxy, origin, url } = await proxiedScene(t, kind, scene)
        setVariables(t, { HTTPS_PROXY: urlOf(kind, proxy) })
        const call = () => surface.call(guard, url, SECRET_CALL)
        await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server: origin, events })
        assert.equal(proxy.recording.tunnels.length, 1)
      })
    }

    it('without variables the call goes out directly; each new connection goes where they say then', async (t) => {
      const first = await proxiedScene(t, httpProxy, {
        ...fromEnvironment,
        originOptions: { respond: () => ({ headers: { connection: 'close' } }) },
      })
      const second = await socksProxy.start()
      t.after(() => second.close())
      const { guard, origin, url } = first
      const seen: number[][] = []
      for (const variables of [
        {},
        { HTTPS_PROXY: urlOf(httpProxy, first.proxy) },
        { HTTPS_PROXY: urlOf(httpProxy, first.proxy), https_proxy: urlOf(socksProxy, second) },
        { HTTPS_PROXY: urlOf(httpProxy, first.proxy), no_proxy: HOST },
        { all_proxy: urlOf(socksProxy, second) },
        { http_proxy: urlOf(httpProxy, first.proxy) },
      ]) {
        setVariables(t, variables)
        await assertAccepted(() => surface.call(guard, url), origin)
        seen.push([first.proxy.recording.tunnels.length, second.recording.tunnels.length])
      }
      assert.deepEqual(seen, [
        [0, 0],
        [1, 0],
        [1, 1],
        [1, 1],
        [1, 2],
        [1, 2],
      ])
    })

    for (const [list, isExempt] of EXEMPTIONS) {
      it(`NO_PROXY ${JSON.stringify(list)} ${isExempt ? 'exempts' : 'does not exempt'} ${HOST}`, async (t) => {
        const { guard, proxy, origin, url } = await proxiedScene(t, httpProxy, fromEnvironment)
        setVariables(t, { HTTPS_PROXY: urlOf(httpProxy, proxy), NO_PROXY: list })
        await assertAccepted(() => surface.call(guard, url), origin)
        assert.equal(proxy.recording.connections, isExempt ? 0 : 1)
      })
    }

    it('a call that is exempt is judged as well, and so is one that a port exempts', async (t) => {
      const { guard, events, proxy, origin, url } = await proxiedScene(t, httpProxy, {
        ...fromEnvironment,
        policy: pinning(NOBODYS_PINS),
      })
      for (const list of ['*', `${HOST}:${origin.port}`]) {
        setVariables(t, { HTTPS_PROXY: urlOf(httpProxy, proxy), NO_PROXY: list })
        const call = () => surface.call(guard, url, SECRET_CALL)
        await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server: origin, events })
      }
      assert.equal(proxy.recording.connections, 0)
    })

    it('a value that is no proxy fails the call, and is not repeated', async (t) => {
      const { guard, origin, url } = await proxiedScene(t, httpProxy, fromEnvironment)
      for (const value of [
        'ftp://kit-user:kit-word@proxy.test',
        'http://kit-user:kit-word@',
        'http://kit-word:%FF@p',
      ]) {
        setVariables(t, { HTTPS_PROXY: value })
        await assert.rejects(surface.call(guard, url), (error) => {
          assert.equal(codeOf(error), 'ERR_CONFIGURATION')
          assert.doesNotMatch(`${error} ${(error as Error).cause}`, /kit-/)
          return true
        })
      }
      assert.equal(origin.recording.connections, 0)
    })

    it('a value without a scheme is an HTTP proxy', async (t) => {
      const { guard, proxy, origin, url } = await proxiedScene(t, httpProxy, fromEnvironment)
      setVariables(t, { HTTPS_PROXY: urlOf(httpProxy, proxy).replace('http://', '') })
      await assertAccepted(() => surface.call(guard, url), origin)
      assert.equal(proxy.recording.tunnels.length, 1)
    })
  })

  it(`by default the variables change nothing, and the owner is told, without the password (${surface.name})`, async (t) => {
    const { proxy, origin, url } = await proxiedScene(t, httpsProxy)
    setVariables(t, { HTTPS_PROXY: urlOf(httpsProxy, proxy, 'kit-user:kit-word@') })
    const { guard, events } = watchedGuard({
      policy: { version: 1, hosts: originPinned },
      ca: victim.root.certificate,
    })
    t.after(() => guard.close())
    await assertAccepted(() => surface.call(guard, url), origin)
    assert.equal(proxy.recording.connections, 0)
    assert.ok(events.some((event) => event.type === 'warning' && event.code === 'PROXY_IGNORED'))
    assert.doesNotMatch(JSON.stringify(events), /kit-/)
  })
}

for (const proxyOption of [false, 'environment'] as const) {
  it(`Node's own NODE_USE_ENV_PROXY changes nothing of it (proxy: ${proxyOption})`, async (t) => {
    const { proxy, origin, url } = await proxiedScene(t, httpProxy)
    const environment = { NODE_USE_ENV_PROXY: '1', HTTPS_PROXY: urlOf(httpProxy, proxy), NO_PROXY: '' }
    const given: Given = {
      url,
      proxy: proxyOption,
      ca: victim.root.certificate,
      policies: [{ version: 1, hosts: originPinned }, pinning(NOBODYS_PINS)],
    }
    const { outcomes } = await inChild<Report>('environment-proxy', given, environment)
    assert.deepEqual(outcomes, Array(SURFACES.length).fill([200, 'ERR_PIN_MISMATCH']))
    assert.equal(origin.recording.requests, SURFACES.length)
    assert.equal(proxy.recording.connections, proxyOption === false ? 0 : 2 * SURFACES.length)
    assertKnewNothing(proxy)
  })
}

/** Exactly these of the proxy variables, until the test ends. */
function setVariables(t: TestContext, variables: Readonly<Record<string, string>>): void {
  const before = VARIABLES.map((name) => [name, process.env[name]] as const)
  for (const name of VARIABLES) delete process.env[name]
  Object.assign(process.env, variables)
  t.after(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  })
}
