/**
 * Row 25: the answers of a SOCKS5 proxy (RFC 1928, RFC 1929). Each that grants no tunnel fails the call with an error
 * of its own and leaves no connection; of an answer that grants one, nothing but the grant is believed.
 *
 *     guard ── methods ─→   ←─ one of them, none, another version
 *           ── password ─→  ←─ taken, refused
 *           ── name, port ─→ ←─ granted (bound to an address of any type), refused for eight reasons
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { ProxyAnswer } from '../support/proxy-server.ts'
import { BOUND, type SocksMoment, socksReply, startSocksProxy } from '../support/socks-proxy.ts'
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

const FAILURES: readonly (readonly [title: string, moment: SocksMoment, bytes: string])[] = [
  ['takes none of the methods', 'greeting', '\x05\xff'],
  ['chooses a method that was not offered', 'greeting', '\x05\x01'],
  ['asks for no password where one is to be given', 'greeting', '\x05\x00'],
  ['speaks version 4', 'greeting', '\x04\x02'],
  ['speaks HTTP', 'greeting', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['refuses the password', 'credentials', '\x01\x01'],
  ...Array.from({ length: 8 }, (_, index) => [`answers ${index + 1}`, 'place', socksReply(index + 1)] as const),
  ['answers with an unknown code', 'place', socksReply(0x5b)],
  ['refuses, bound to a name', 'place', socksReply(2, 'name')],
  ['grants in version 4', 'place', `\x04\x00\x00${BOUND.IPv4}`],
  ['grants, bound to an unknown type of address', 'place', '\x05\x00\x00\x09\x7f\x00\x00\x01\x04\x38'],
  ['grants, and sends bytes that nobody asked for', 'place', `${socksReply(0)}\x15\x03\x03\x00\x02\x02\x28`],
]

/** An error that never comes would be waited for. */
const impatient = { timeout: 20_000 }

for (const surface of SURFACES) {
  describe(`a SOCKS5 proxy fails the call, by ${surface.name}, when it`, impatient, () => {
    for (const [title, moment, bytes] of FAILURES) {
      it(title, async (t) => {
        const { guard, proxy, origin, url } = await scene(t, moment, { bytes, next: 'stall' })
        const error = await rejection(surface.call(guard, url, SECRET_CALL))
        const place = { host: HOST, port: origin.port, proxy: urlOf(socksProxy, proxy) }
        const { message } = assertProxyFailed(error, place)
        assert.doesNotMatch(message, /kit-/)
        await proxy.whenConnectionsClosed()
        assertKnewNothing(proxy)
        assert.deepEqual([proxy.recording.connections, origin.recording.connections], [1, 0])
      })
    }

    for (const moment of ['greeting', 'credentials', 'place'] as const) {
      for (const next of ['close', 'reset'] as const) {
        it(`has heard the ${moment} and answers by "${next}"`, async (t) => {
          const { guard, proxy, origin, url } = await scene(t, moment, { bytes: '', next })
          const error = await rejection(surface.call(guard, url, SECRET_CALL))
          assertProxyFailed(error, { host: HOST, port: origin.port, proxy: urlOf(socksProxy, proxy) })
          await proxy.whenConnectionsClosed()
        })
      }
    }
  })

  for (const bound of ['IPv4', 'IPv6', 'name'] as const) {
    it(
      `a SOCKS5 proxy that is bound to an address of type ${bound} is used, by ${surface.name}`,
      impatient,
      async (t) => {
        const { guard, proxy, origin, url } = await scene(t, 'place', { bytes: socksReply(0, bound) })
        await assertAccepted(() => surface.call(guard, url, SECRET_CALL), origin)
        assertKnewNothing(proxy)
      },
    )
  }
}

/** A proxy that wants a password, and gives this answer at this moment. */
async function scene(t: TestContext, moment: SocksMoment, answer: ProxyAnswer) {
  const kind: ProxyKind = {
    ...socksProxy,
    start: () =>
      startSocksProxy({ credentials: 'kit-user:kit-word', answer: (now) => (now === moment ? answer : undefined) }),
  }
  return await proxiedScene(t, kind, { proxyUrl: (running) => urlOf(kind, running, 'kit-user:kit-word@') })
}
