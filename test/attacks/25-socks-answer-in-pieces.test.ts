/**
 * Row 25: a SOCKS5 proxy may send its answers in as many pieces as it likes, and may stop in the middle of one. The
 * call waits for the rest, or fails; the process goes on meanwhile.
 *
 *     guard ── … ─→ proxy ── 05 ── 00 ── 00 ── 01 ── …
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { socksReply, startSocksProxy } from '../support/socks-proxy.ts'
import { HOST } from './cast.ts'
import {
  assertKnewNothing,
  assertProxyFailed,
  type ProxyKind,
  proxiedScene,
  rejection,
  SECRET_CALL,
  socksProxy,
  urlOf,
} from './proxied.ts'
import { assertAccepted, SURFACES } from './surfaces.ts'

const HONEST = { greeting: '\x05\x02', credentials: '\x01\x00', place: socksReply(0, 'name') } as const

/** A process that stands still would be waited for. */
const impatient = { timeout: 20_000 }

for (const surface of SURFACES) {
  describe(`a SOCKS5 proxy, by ${surface.name},`, impatient, () => {
    it('is used when each byte of its answers comes alone', async (t) => {
      const kind: ProxyKind = {
        ...socksProxy,
        start: () =>
          startSocksProxy({
            credentials: 'kit-user:kit-word',
            answer: (moment) => ({ bytes: HONEST[moment], piecemeal: true }),
          }),
      }
      const { guard, proxy, origin, url } = await proxiedScene(t, kind, {
        proxyUrl: (running) => urlOf(kind, running, 'kit-user:kit-word@'),
      })
      await assertAccepted(() => surface.call(guard, url, SECRET_CALL), origin)
      assertKnewNothing(proxy)
    })

    for (const moment of ['greeting', 'credentials', 'place'] as const) {
      for (const next of ['close', 'reset'] as const) {
        it(`fails the call when it ends in the middle of its answer to the ${moment} (${next})`, async (t) => {
          const answer = { bytes: HONEST[moment].slice(0, -1), piecemeal: true, next }
          const kind: ProxyKind = {
            ...socksProxy,
            start: () =>
              startSocksProxy({
                credentials: 'kit-user:kit-word',
                answer: (now) => (now === moment ? answer : undefined),
              }),
          }
          const { guard, proxy, origin, url } = await proxiedScene(t, kind, {
            proxyUrl: (running) => urlOf(kind, running, 'kit-user:kit-word@'),
          })
          const error = await rejection(surface.call(guard, url, SECRET_CALL))
          assertProxyFailed(error, { host: HOST, port: origin.port, proxy: urlOf(socksProxy, proxy) })
          await proxy.whenConnectionsClosed()
          assert.equal(origin.recording.bytes, 0)
        })
      }
    }
  })
}
