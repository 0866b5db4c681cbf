/**
 * Row 25: what the proxy is asked for is the name that is judged, in its one canonical form, whatever the URL looks
 * like. It is looked up by the proxy alone, and no spelling puts a second line into the request.
 *
 *     https://API.Partner.Test.   ─┐
 *     https://api。partner．test    ─┼─▶  CONNECT api.partner.test:443
 *     https://%61pi.partner.test  ─┘
 */

import assert from 'node:assert/strict'
import { request as httpsRequest } from 'node:https'
import { describe, it } from 'node:test'
import { interceptors, request as undiciRequest } from 'undici'
import { leafOf, presented } from '../support/authority.ts'
import { HOST } from './cast.ts'
import { NOBODYS_PINS, pinning } from './changing-policy.ts'
import { assertKnewNothing, httpProxy, PROXIES, PROXY_HOST, proxiedScene, socksProxy, victim } from './proxied.ts'
import { assertAccepted, assertRefused, lookupLoopback, SURFACES } from './surfaces.ts'

const IDN = 'xn--bcher-kva.test'

const leaf = await leafOf(victim.issuing, [HOST, IDN, '127.0.0.1', '::1'])
const pins = [leaf.pin, victim.issuing.pin]
const hosts = { [HOST]: { pins }, [IDN]: { pins }, '127.0.0.1': { pins }, '[::1]': { pins } }
const origin = presented(leaf, victim.issuing)

const SPELLINGS: readonly (readonly [spelling: string, asked: string, type?: 'IPv4' | 'IPv6'])[] = [
  ['API.Partner.TEST', HOST],
  ['api.partner.test.', HOST],
  ['api。partner．test', HOST],
  ['%61pi.partner.test', HOST],
  ['BÜCHER.test.', IDN],
  ['xn--bcher-kva.test', IDN],
  ['127.1', '127.0.0.1', 'IPv4'],
  ['[::ffff:127.0.0.1]', '127.0.0.1', 'IPv4'],
  ['[0:0:0:0:0:0:0:1]', '::1', 'IPv6'],
]

/** Names that a client who pastes them into a header would split it with. */
const ODD_NAMES = [
  `${HOST}\r\nx-injected: yes`,
  `${HOST}%0d%0ax-injected:%20yes`,
  `${HOST}:443 HTTP/1.1\r\n\r\n`,
  `${HOST} x`,
  `${HOST}\0.test`,
  `${HOST}#@evil.test`,
  `${'a'.repeat(64)}.test`,
  `${'a.'.repeat(200)}test`,
]

for (const surface of SURFACES) {
  for (const kind of PROXIES) {
    describe(`${kind.name} is asked for one name, by ${surface.name}:`, { timeout: 20_000 }, () => {
      for (const [spelling, asked, type = 'name'] of SPELLINGS) {
        it(`${JSON.stringify(spelling)} is ${asked}`, async (t) => {
          const lookedUp: string[] = []
          const scene = await proxiedScene(t, kind, {
            origin,
            policy: { version: 1, hosts },
            guard: {
              lookup(name, options, found) {
                lookedUp.push(name)
                lookupLoopback(name, options, found)
              },
            },
          })
          const { guard, proxy } = scene
          await assertAccepted(() => surface.call(guard, `https://${spelling}:${scene.origin.port}/`), scene.origin)
          const [tunnel] = proxy.recording.tunnels
          assert.deepEqual([tunnel?.host, tunnel?.port, tunnel?.addressType], [asked, scene.origin.port, type])
          assert.deepEqual([...new Set(lookedUp)], [PROXY_HOST])
          assertKnewNothing(proxy)
        })
      }
    })
  }

  for (const kind of PROXIES) {
    it(`no name splits what ${kind.name} is told (${surface.name})`, async (t) => {
      const scene = await proxiedScene(t, kind, { policy: { version: 1, default: 'allow', hosts } })
      for (const name of ODD_NAMES) {
        // Whether the call is refused, or goes to what is left of the name, is for the URL parser to say.
        await surface.call(scene.guard, `https://${name}:${scene.origin.port}/`).catch(() => undefined)
      }
      assert.doesNotMatch(scene.proxy.recording.text, /injected|\0\.|%0d/i)
      assert.ok(scene.proxy.recording.tunnels.every(({ host }) => /^[a-z0-9.-]{1,253}$/.test(host)))
    })
  }
}

describe('names that are no URL', { timeout: 20_000 }, () => {
  for (const kind of [httpProxy, socksProxy]) {
    it(`a host that https.request is given splits nothing of what ${kind.name} is told`, async (t) => {
      const { guard, proxy, origin } = await proxiedScene(t, kind, { policy: { version: 1, default: 'allow', hosts } })
      for (const host of ODD_NAMES) {
        await new Promise<void>((resolve) => {
          try {
            const outgoing = httpsRequest({ host, port: origin.port, agent: guard.agent, headers: { host: 'x' } })
            outgoing.once('response', () => resolve()).once('error', () => resolve())
            outgoing.end()
          } catch {
            resolve()
          }
        })
      }
      assert.doesNotMatch(proxy.recording.text, /injected|\0\.|%0d/i)
    })

    it(`an address that somebody looked up is asked of ${kind.name}, and judged by its name`, async (t) => {
      const records = [{ address: '127.0.0.1', family: 4, ttl: 60_000 } as const]
      const dns = interceptors.dns({ lookup: (_origin, _options, found) => found(null, records) })
      const right = await proxiedScene(t, kind, { origin, policy: { version: 1, hosts: { [HOST]: { pins } } } })
      const ask = ({ guard, url }: typeof right) => undiciRequest(url, { dispatcher: guard.dispatcher.compose(dns) })
      assert.equal((await ask(right)).statusCode, 200)
      assert.deepEqual([right.proxy.recording.tunnels[0]?.addressType], ['IPv4'])
      const wrong = await proxiedScene(t, kind, { policy: pinning(NOBODYS_PINS) })
      await assertRefused(() => ask(wrong), { code: 'ERR_PIN_MISMATCH', server: wrong.origin, events: wrong.events })
    })
  }
})
