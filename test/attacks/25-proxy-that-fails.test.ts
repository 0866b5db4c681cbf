/**
 * Row 25: a proxy that makes no tunnel, or does not even speak the protocol, fails the call with an error of its own,
 * so that nobody takes it for the origin's. Whatever it says, no byte of the request is written to it, no other way is
 * tried, and no connection is left open.
 *
 *     guard ── CONNECT api.partner.test ─→ proxy ── 403, nonsense, 200 and more, nothing at all
 *           └ ERR_PROXY_FAILED             └ closed
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { refusal } from '../support/connect-proxy.ts'
import type { ProxyAnswer } from '../support/proxy-server.ts'
import { HOST } from './cast.ts'
import {
  assertKnewNothing,
  assertProxyFailed,
  httpProxy,
  httpsProxy,
  PROXIES,
  PROXY_HOST,
  proxiedScene,
  rejection,
  SECRET_CALL,
  socksProxy,
  urlOf,
} from './proxied.ts'
import { assertAccepted, SURFACES } from './surfaces.ts'

const GRANTED = httpProxy.granted
const KIB = 1024

const ANSWERS: Readonly<Record<string, ProxyAnswer>> = {
  '403': refusal(403),
  '407': refusal(407, 'Proxy-Authenticate: Basic realm="x"\r\n'),
  '502': refusal(502),
  '500 and the page of an error': { ...refusal(500, 'Content-Type: text/html\r\n', '<h1>no</h1>'.repeat(1000)) },
  '302 to another place': refusal(302, `Location: https://${HOST}/\r\n`),
  '101': { bytes: 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n', next: 'stall' },
  'another protocol': { bytes: 'SSH-2.0-OpenSSH_9.9\r\n', next: 'stall' },
  'nothing, and hangs up': { bytes: '', next: 'close' },
  'nothing, and resets': { bytes: '', next: 'reset' },
  'half a header, and hangs up': { bytes: 'HTTP/1.1 200 OK\r\nVia: 1', next: 'close' },
  'half a header, and resets': { bytes: 'HTTP/1.1 200 OK\r\nVia: 1', next: 'reset' },
  '200 and headers without end': { bytes: `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(64 * KIB)}`, next: 'stall' },
  '200 and bytes that nobody asked for': { bytes: `${GRANTED}\x15\x03\x03\x00\x02\x02\x28`, next: 'stall' },
  '200 and an answer to the request to come': {
    bytes: `${GRANTED}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`,
    next: 'stall',
  },
}

/** An error that never comes would be waited for. */
const impatient = { timeout: 20_000 }

for (const surface of SURFACES) {
  for (const kind of [httpProxy, httpsProxy]) {
    describe(`${kind.name} fails the call, by ${surface.name}, when it answers`, impatient, () => {
      for (const [title, answer] of Object.entries(ANSWERS)) {
        it(title, async (t) => {
          const { guard, proxy, origin, url } = await proxiedScene(t, kind, { proxy: { answer: () => answer } })
          const error = await rejection(surface.call(guard, url, SECRET_CALL))
          assertProxyFailed(error, { host: HOST, port: origin.port, proxy: urlOf(kind, proxy) })
          await proxy.whenConnectionsClosed()
          assertKnewNothing(proxy)
          assert.deepEqual([proxy.recording.connections, origin.recording.connections], [1, 0])
          assert.ok(proxy.recording.tunnels.every(({ sent }) => sent.length === 0))
        })
      }
    })

    it(`${kind.name} is told that its tunnel leads nowhere, by ${surface.name}`, impatient, async (t) => {
      const { guard, proxy, origin, url } = await proxiedScene(t, kind, { proxy: { routes: { [HOST]: 1 } } })
      const failure = assertProxyFailed(await rejection(surface.call(guard, url)), {
        host: HOST,
        port: origin.port,
        proxy: urlOf(kind, proxy),
      })
      assert.match(failure.evidence.reason, /502/)
      await proxy.whenConnectionsClosed()
    })

    for (const [title, bytes] of Object.entries({
      'byte by byte': GRANTED,
      'with headers that say a body follows': 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n',
      'with headers that say chunks follow': 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    })) {
      it(`${kind.name} that grants a tunnel ${title} is used, by ${surface.name}`, impatient, async (t) => {
        const answer = () => ({ bytes, piecemeal: true })
        const { guard, proxy, origin, url } = await proxiedScene(t, kind, { proxy: { answer } })
        await assertAccepted(() => surface.call(guard, url, SECRET_CALL), origin)
        assertKnewNothing(proxy)
      })
    }
  }

  for (const [written, meant] of [
    [httpProxy, httpsProxy],
    [httpsProxy, httpProxy],
    [httpProxy, socksProxy],
    [socksProxy, httpProxy],
    [socksProxy, httpsProxy],
  ] as const) {
    it(`${meant.name} that is named as ${written.name} fails the call, by ${surface.name}`, impatient, async (t) => {
      const { guard, proxy, origin, url } = await proxiedScene(t, meant, {
        // Its port is known only when it runs.
        proxyUrl: (running) => urlOf(written, running),
      })
      const error = await rejection(surface.call(guard, url, SECRET_CALL))
      assertProxyFailed(error, { host: HOST, port: origin.port, proxy: urlOf(written, proxy) })
      await proxy.whenConnectionsClosed()
      assertKnewNothing(proxy)
    })
  }

  for (const kind of PROXIES) {
    it(`${kind.name} that is not there fails the call, by ${surface.name}`, impatient, async (t) => {
      const { guard, proxy, origin, url } = await proxiedScene(t, kind)
      await proxy.close()
      const failure = assertProxyFailed(await rejection(surface.call(guard, url)), {
        host: HOST,
        port: origin.port,
        proxy: `${kind.scheme}://${PROXY_HOST}:${proxy.port}`,
      })
      assert.equal((failure.cause as NodeJS.ErrnoException | undefined)?.code, 'ECONNREFUSED')
      assert.equal(origin.recording.connections, 0)
    })
  }
}
