/**
 * Row 25: a TLS session is resumed through a proxy as it is without one, the origin's as well as the proxy's own, and
 * is judged by what it proved when it was new. Neither is offered to the other.
 *
 *     guard ══ session of the proxy ═→ proxy ══ session of the origin ═→ origin
 *              └ revoked: not offered, refused  └ revoked: not offered, refused
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HOST } from './cast.ts'
import { NOBODYS_PINS } from './changing-policy.ts'
import {
  assertKnewNothing,
  changingScene,
  httpsProxy,
  originPinned,
  PROXIES,
  PROXY_HOST,
  proxyLeaf,
  SECRET_CALL,
} from './proxied.ts'
import { assertAccepted, assertRefused, codeOf, SURFACES } from './surfaces.ts'

const pinsOfTheProxy = { pins: [proxyLeaf.pin, NOBODYS_PINS[0]] }
const bothPinned = { version: 1, hosts: { ...originPinned, [PROXY_HOST]: pinsOfTheProxy } }
const originRevoked = { version: 1, hosts: { [HOST]: { pins: NOBODYS_PINS }, [PROXY_HOST]: pinsOfTheProxy } }
const proxyRevoked = { version: 1, hosts: { ...originPinned, [PROXY_HOST]: { pins: NOBODYS_PINS } } }
const oneAnswerEach = () => ({ headers: { connection: 'close' } })

/** What is not refused may never end. */
const impatient = { timeout: 20_000 }

for (const versions of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const surface of SURFACES) {
    for (const kind of PROXIES) {
      describe(`through ${kind.name} over ${versions}, by ${surface.name}`, impatient, () => {
        const hosts = kind === httpsProxy ? bothPinned : { version: 1, hosts: originPinned }
        const scene = { originOptions: { versions, respond: oneAnswerEach }, policy: hosts }

        it("the origin's session is resumed, and judged", async (t) => {
          const { guard, events, publish, proxy, origin, url } = await changingScene(t, kind, scene)
          for (let calls = 0; calls < 3; calls++) await assertAccepted(() => surface.call(guard, url), origin)
          assert.deepEqual([origin.recording.handshakes, origin.recording.resumed], [3, 2])
          await publish(kind === httpsProxy ? originRevoked : { version: 1, hosts: { [HOST]: { pins: NOBODYS_PINS } } })
          const call = () => surface.call(guard, url, SECRET_CALL)
          await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server: origin, events })
          assert.equal(origin.recording.resumed, 2)
          assertKnewNothing(proxy)
        })
      })
    }

    it(
      `the session of a pinned HTTPS proxy is resumed, and judged (origin over ${versions}, ${surface.name})`,
      impatient,
      async (t) => {
        const { guard, publish, proxy, origin, url } = await changingScene(t, httpsProxy, {
          originOptions: { versions, respond: oneAnswerEach },
          policy: bothPinned,
        })
        for (let calls = 0; calls < 3; calls++) await assertAccepted(() => surface.call(guard, url), origin)
        assert.deepEqual([proxy.recording.handshakes, proxy.recording.resumed], [3, 2])
        await publish(proxyRevoked)
        await proxy.whenConnectionsClosed()
        proxy.recording.clear()
        const refused = surface.call(guard, url, SECRET_CALL)
        await assert.rejects(refused, (error) => codeOf(error) === 'ERR_PIN_MISMATCH')
        await proxy.whenConnectionsClosed()
        assert.deepEqual([proxy.recording.resumed, proxy.recording.bytes], [0, 0])
      },
    )
  }
}
