/**
 * Row 25: TLS to an HTTPS proxy is a connection of its own. It is always verified for the proxy's name, and must hold a
 * pinned key when an entry covers the proxy: before the proxy hears which host is wanted, and before it gets the
 * credentials. No key stands in for another's: the origin's does not open the proxy, the proxy's not the origin.
 *
 *     guard ══ TLS of the proxy ═→ proxy     verified, pinned by its own entry     ✗: no CONNECT line
 *           ══ TLS of the origin ════════→   verified, pinned by the origin's      ✗: no byte of the request
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findPinnedFetchError, type GuardEvent } from '../../lib/index.ts'
import { leafOf, presented } from '../support/authority.ts'
import type { ProxyServer } from '../support/proxy-server.ts'
import type { PresentedChain } from '../support/tls-server.ts'
import { attacker, expired, HOST } from './cast.ts'
import { NOBODYS_PINS } from './changing-policy.ts'
import {
  assertKnewNothing,
  httpProxy,
  httpsProxy,
  originPinned,
  PROXY_HOST,
  proxiedScene,
  proxyLeaf,
  rejection,
  SECRET_CALL,
  socksProxy,
  urlOf,
  victim,
} from './proxied.ts'
import { assertAccepted, codeOf, SURFACES } from './surfaces.ts'

const foe = await attacker()
const pinsOfTheProxy = { pins: [proxyLeaf.pin, NOBODYS_PINS[0]] }
const pinsOfNobody = { pins: NOBODYS_PINS }

const UNVERIFIED: readonly { readonly what: string; readonly identity: PresentedChain; readonly code: string }[] = [
  {
    what: 'from an authority that nobody trusts',
    identity: presented(await leafOf(foe.issuing, [PROXY_HOST], { keys: proxyLeaf }), foe.issuing),
    code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  },
  {
    what: 'for another name',
    identity: presented(await leafOf(victim.issuing, ['other.test'], { keys: proxyLeaf }), victim.issuing),
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  },
  {
    what: "for the origin's name",
    identity: presented(await leafOf(victim.issuing, [HOST], { keys: proxyLeaf }), victim.issuing),
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  },
  {
    what: 'that has expired',
    identity: presented(await leafOf(victim.issuing, [PROXY_HOST], { keys: proxyLeaf, ...expired() }), victim.issuing),
    code: 'CERT_HAS_EXPIRED',
  },
]

/** A proxy that nobody refuses may never be done. */
const impatient = { timeout: 20_000 }

for (const surface of SURFACES) {
  describe(`the certificate of an HTTPS proxy, by ${surface.name}`, impatient, () => {
    for (const { title, entry } of [
      { title: 'is covered by no entry, though the default is "deny"', entry: undefined },
      { title: 'holds a key that its own entry pins', entry: pinsOfTheProxy },
      { title: 'is in mode "report" and holds no pinned key', entry: { ...pinsOfNobody, mode: 'report' } },
    ]) {
      it(`passes when the proxy ${title}`, async (t) => {
        const { guard, proxy, origin, url } = await proxiedScene(t, httpsProxy, { policy: policyWith(entry) })
        await assertAccepted(() => surface.call(guard, url, SECRET_CALL), origin)
        assert.deepEqual(proxy.recording.servernames, [PROXY_HOST])
        assertKnewNothing(proxy)
      })
    }

    for (const { title, entry, code } of [
      { title: 'does not hold the key that its entry pins', entry: pinsOfNobody, code: 'ERR_PIN_MISMATCH' },
      {
        title: "is pinned to the origin's key",
        entry: { pins: [victim.leaf.pin, NOBODYS_PINS[0]] },
        code: 'ERR_PIN_MISMATCH',
      },
      {
        title: 'has an anchor of its own, and another issuer',
        entry: { ...pinsOfTheProxy, anchors: [foe.root.certificate] },
        code: 'ERR_PROXY_FAILED',
      },
    ]) {
      for (const withPort of [false, true]) {
        it(`is refused before a byte when the proxy ${title} (entry ${withPort ? 'for its port' : 'for its host'})`, async (t) => {
          const { guard, events, proxy, origin, url } = await proxiedScene(t, httpsProxy, {
            policy: ({ proxy }) => policyWith(entry, withPort ? proxy : undefined),
          })
          const error = await rejection(surface.call(guard, url, SECRET_CALL))
          assert.equal(codeOf(error), code)
          if (code === 'ERR_PIN_MISMATCH') assert.deepEqual(placeIn(error), [PROXY_HOST, proxy.port])
          assertTold(events, proxy)
          await assertNoByte(proxy)
          assert.equal(origin.recording.connections, 0)
        })
      }
    }

    for (const { what, identity, code } of UNVERIFIED) {
      for (const { covered, entry } of [
        { covered: 'uncovered', entry: undefined },
        { covered: 'pinned', entry: pinsOfTheProxy },
        { covered: 'in mode "report"', entry: { ...pinsOfTheProxy, mode: 'report' } },
      ]) {
        it(`is refused before a byte when it is one ${what} (the proxy is ${covered})`, async (t) => {
          const { guard, proxy, url } = await proxiedScene(t, httpsProxy, {
            proxy: { identity },
            policy: policyWith(entry, undefined, 'allow'),
          })
          const error = await rejection(surface.call(guard, url, SECRET_CALL))
          const failure = findPinnedFetchError(error)
          assert.ok(failure?.code === 'ERR_PROXY_FAILED', `${codeOf(error)}`)
          assert.equal((failure.cause as NodeJS.ErrnoException | undefined)?.code, code)
          assert.equal(failure.evidence.proxy, urlOf(httpsProxy, proxy))
          await assertNoByte(proxy)
        })
      }
    }

    it('is refused before a byte when its key is denied', async (t) => {
      const policy = { version: 1, hosts: { ...originPinned, [PROXY_HOST]: pinsOfTheProxy }, deny: [proxyLeaf.pin] }
      const { guard, proxy, url } = await proxiedScene(t, httpsProxy, { policy })
      assert.equal(codeOf(await rejection(surface.call(guard, url, SECRET_CALL))), 'ERR_KEY_DENIED')
      await assertNoByte(proxy)
    })

    for (const kind of [httpProxy, socksProxy]) {
      for (const withPort of [false, true]) {
        it(`is missed when ${kind.name} is pinned${withPort ? ' by its port' : ''}: refused before it is connected`, async (t) => {
          const { guard, events, proxy, url } = await proxiedScene(t, kind, {
            policy: ({ proxy }) => policyWith(pinsOfTheProxy, withPort ? proxy : undefined, 'allow'),
          })
          const error = await rejection(surface.call(guard, url, SECRET_CALL))
          assert.deepEqual([codeOf(error), ...placeIn(error)], ['ERR_PLAINTEXT_REFUSED', PROXY_HOST, proxy.port])
          assertTold(events, proxy)
          assert.equal(proxy.recording.connections, 0)
        })
      }
    }
  })
}

/** The origin's entry, and one for the proxy. */
function policyWith(proxyEntry: object | undefined, port?: number, otherwise = 'deny'): object {
  const pattern = port === undefined ? PROXY_HOST : `${PROXY_HOST}:${port}`
  const hosts = proxyEntry === undefined ? originPinned : { ...originPinned, [pattern]: proxyEntry }
  return { version: 1, default: otherwise, hosts }
}

function placeIn(error: unknown): unknown[] {
  const evidence = findPinnedFetchError(error)?.evidence
  return evidence !== undefined && 'host' in evidence ? [evidence.host, evidence.port] : []
}

async function assertNoByte(proxy: ProxyServer): Promise<void> {
  await proxy.whenConnectionsClosed()
  assert.equal(proxy.recording.bytes, 0, 'the proxy was told something')
  assert.equal(proxy.recording.tunnels.length, 0)
}

/** An event names the proxy's host, not the origin's. */
function assertTold(events: readonly GuardEvent[], proxy: ProxyServer): void {
  const told = events.filter((event) => 'host' in event && event.host === PROXY_HOST && event.port === proxy.port)
  assert.ok(told.length > 0, `only told: ${events.map(({ type }) => type).join()}`)
}
