/**
 * Row 25: the password of a proxy stands in the option or in the environment, and belongs to that proxy alone. It gets
 * there whole; it gets nowhere else: not to the origin, not into an error, an event or a warning, whatever the proxy or
 * the owner does wrong.
 *
 *     https://user:p%40ss@proxy   ── Basic user:p@ss ─→ proxy          ── nothing of it ─→ origin
 *                                 └ error, event, warning: https://proxy:8080
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { createGuard, findPinnedFetchError } from '../../lib/index.ts'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { refusal } from '../support/connect-proxy.ts'
import type { ProxyServer } from '../support/proxy-server.ts'
import { socksReply } from '../support/socks-proxy.ts'
import { NOBODYS_PINS } from './changing-policy.ts'
import {
  httpProxy,
  httpsProxy,
  originPinned,
  PROXIES,
  PROXY_HOST,
  type ProxyKind,
  proxiedScene,
  rejection,
  type SceneOptions,
  socksProxy,
  urlOf,
} from './proxied.ts'
import { assertAccepted, SURFACES } from './surfaces.ts'

const CREDENTIALS = 'kit user@place:p@ss:wörd%/#?'
const USERINFO = 'kit%20user%40place:p%40ss%3Aw%C3%B6rd%25%2F%23%3F@'
/** In any of these forms it would be told. */
const GIVEN_AWAY = [
  'p@ss',
  'p%40ss',
  'kit user',
  'kit%20user',
  Buffer.from(CREDENTIALS).toString('base64'),
  Buffer.from(CREDENTIALS).toString('base64').slice(8),
]

const stranger = await rootAuthority('Stranger')
const untrusted = presented(await leafOf(stranger, [PROXY_HOST]))
const basic = `Basic ${Buffer.from(CREDENTIALS).toString('base64')}`

const FAILURES: readonly { readonly title: string; readonly kind: ProxyKind; readonly scene: SceneOptions }[] = [
  ...[httpProxy, httpsProxy].flatMap((kind) => [
    { title: 'it refuses them', kind, scene: { proxy: { answer: () => refusal(407) } } },
    {
      title: 'it repeats them in the line of its refusal',
      kind,
      scene: {
        proxy: {
          answer: () => ({ bytes: `HTTP/1.1 407 no ${basic}\r\nX: ${basic}\r\n\r\n${basic}`, next: 'close' as const }),
        },
      },
    },
    {
      title: 'it repeats them as its whole answer',
      kind,
      scene: { proxy: { answer: () => ({ bytes: `${basic}\r\n${CREDENTIALS}`, next: 'close' as const }) } },
    },
    { title: 'it hangs up', kind, scene: { proxy: { answer: () => ({ bytes: '', next: 'close' as const }) } } },
  ]),
  { title: 'it is not trusted', kind: httpsProxy, scene: { proxy: { identity: untrusted } } },
  {
    title: 'it is pinned to another key',
    kind: httpsProxy,
    scene: { policy: { version: 1, hosts: { ...originPinned, [PROXY_HOST]: { pins: NOBODYS_PINS } } } },
  },
  ...[httpProxy, socksProxy].map((kind) => ({
    title: 'it is pinned and plain',
    kind,
    scene: { policy: { version: 1, hosts: { ...originPinned, [PROXY_HOST]: { pins: NOBODYS_PINS } } } },
  })),
  { title: 'it refuses them', kind: socksProxy, scene: { proxy: { credentials: 'others' } } },
  {
    title: 'it refuses the place',
    kind: socksProxy,
    scene: { proxy: { answer: () => ({ bytes: socksReply(2), next: 'close' as const }) } },
  },
]

/** An error that never comes would be waited for. */
const impatient = { timeout: 20_000 }

for (const surface of SURFACES) {
  for (const kind of PROXIES) {
    it(`the credentials get to ${kind.name} decoded, and not to the origin (${surface.name})`, impatient, async (t) => {
      const { guard, proxy, origin, url } = await proxiedScene(t, kind, {
        proxy: { credentials: CREDENTIALS },
        proxyUrl: (running) => urlOf(kind, running, USERINFO),
      })
      await assertAccepted(() => surface.call(guard, url), origin)
      assert.equal(proxy.recording.tunnels[0]?.credentials, CREDENTIALS)
      assert.equal(origin.recording.received[0]?.headers['proxy-authorization'], undefined)
      assertNothingGivenAway(origin.recording.text)
    })
  }

  it(`a caller's own Proxy-Authorization does not get to the proxy (${surface.name})`, impatient, async (t) => {
    const { guard, proxy, url } = await proxiedScene(t, httpProxy)
    // What becomes of the header is for the client to say; undici and fetch refuse or drop it.
    await surface.call(guard, url, { headers: { 'proxy-authorization': basic } }).catch(() => undefined)
    assert.ok(proxy.recording.tunnels.every(({ headers }) => headers['proxy-authorization'] === undefined))
    assertNothingGivenAway(proxy.recording.text)
  })

  describe(`the credentials are told nobody, by ${surface.name}, when`, impatient, () => {
    for (const { title, kind, scene } of FAILURES) {
      it(`${title} (${kind.name})`, async (t) => {
        const { guard, events, url } = await proxiedScene(t, kind, {
          ...scene,
          proxyUrl: (running) => urlOf(kind, running, USERINFO),
        })
        const error = await rejection(surface.call(guard, url))
        assertNothingGivenAway(textOf(error))
        assertNothingGivenAway(textOf(events))
      })
    }

    it('it is not there', async (t) => {
      for (const kind of PROXIES) {
        const proxyUrl = (running: ProxyServer) => urlOf(kind, running, USERINFO)
        const { guard, events, proxy, url } = await proxiedScene(t, kind, { proxyUrl })
        await proxy.close()
        assertNothingGivenAway(textOf(await rejection(surface.call(guard, url))) + textOf(events))
      }
    })
  })
}

describe('a URL that is no proxy is refused, and not repeated:', () => {
  for (const url of [
    `http://${USERINFO}`,
    `http://${USERINFO}proxy.test/path`,
    `http://${USERINFO}proxy.test?query`,
    `http://${USERINFO}proxy.test:0`,
    `http://${USERINFO}proxy.test:99999`,
    `http://${USERINFO}pro xy.test`,
    `ftp://${USERINFO}proxy.test`,
    `socks4://${USERINFO}proxy.test`,
    `${USERINFO}proxy.test`,
    'http://kit%20user:p%40ss%FF@proxy.test',
  ]) {
    it(url, () => {
      assert.throws(
        () => createGuard({ policy: { version: 1, hosts: originPinned }, proxy: url, metrics: false }),
        (error) => {
          assert.equal(findPinnedFetchError(error)?.code, 'ERR_CONFIGURATION')
          assertNothingGivenAway(textOf(error))
          return true
        },
      )
    })
  }
})

/** What a log makes of a value: messages, stacks, causes and fields. */
function textOf(value: unknown): string {
  return inspect(value, { depth: 12, showHidden: true, maxStringLength: null })
}

function assertNothingGivenAway(text: string): void {
  for (const secret of GIVEN_AWAY) assert.ok(!text.includes(secret), `told: ${secret} in ${text}`)
}
