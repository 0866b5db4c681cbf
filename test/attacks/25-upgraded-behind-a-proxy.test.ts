/**
 * Row 25: a WebSocket, or whatever else a request is upgraded to, goes through the proxy by the same door: judged before
 * it is asked for, and ended when the origin's key, or that of a pinned proxy, is revoked.
 *
 *     guard ══ tunnel ══ Upgrade: echo ══→ origin
 *              └ pins of the proxy, pins of the origin: revoked ╳ ended
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { describe, it, type TestContext } from 'node:test'
import { connect, upgrade, WebSocket } from 'undici'
import { listen } from '../support/listen.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { HOST } from './cast.ts'
import { changingGuard, NOBODYS_PINS, pinning } from './changing-policy.ts'
import {
  assertKnewNothing,
  httpsProxy,
  originChain,
  originPinned,
  PROXIES,
  PROXY_HOST,
  type ProxyKind,
  proxyLeaf,
  rejection,
  urlOf,
  victim,
} from './proxied.ts'
import { assertRefused, type Guarded } from './surfaces.ts'

const bothPinned = { version: 1, hosts: { ...originPinned, [PROXY_HOST]: { pins: [proxyLeaf.pin, NOBODYS_PINS[0]] } } }
const proxyRevoked = { version: 1, hosts: { ...originPinned, [PROXY_HOST]: { pins: NOBODYS_PINS } } }

const WAYS: Readonly<Record<string, (guard: Guarded, port: number) => Promise<Duplex>>> = {
  'pinnedDispatcher and undici.upgrade': async ({ dispatcher }, port) =>
    (await upgrade(`https://${HOST}:${port}/`, { dispatcher, protocol: 'echo' })).socket,
  'pinnedDispatcher and undici.connect': async ({ dispatcher }, port) =>
    (await connect(`https://${HOST}:${port}`, { dispatcher })).socket,
  'pinnedAgent and https.request': async ({ agent }, port) => {
    const headers = { connection: 'Upgrade', upgrade: 'echo' }
    const outgoing = httpsRequest({ host: HOST, port, agent, headers }).end()
    const [, socket] = await once(outgoing, 'upgrade')
    return socket
  },
}

/** A stream that nobody ends would be waited for. */
const impatient = { timeout: 20_000 }

for (const kind of PROXIES) {
  for (const [way, open] of Object.entries(WAYS)) {
    describe(`through ${kind.name}, by ${way}`, impatient, () => {
      it('what was upgraded works, and is ended when the key of the origin is revoked', async (t) => {
        const { guard, proxy, port, publish } = await scene(t, kind, { version: 1, hosts: originPinned })
        const stream = await open(guard, port)
        const closed = new Promise<void>((resolve) => stream.on('error', () => {}).once('close', resolve))
        assert.equal(await echo(stream, 'one'), 'one')
        await publish(pinning([victim.leaf.pin, NOBODYS_PINS[0]]))
        assert.equal(await echo(stream, 'two'), 'two')
        await publish(pinning(NOBODYS_PINS))
        await closed
        await proxy.whenConnectionsClosed()
        assertKnewNothing(proxy)
      })

      it('is refused before a byte when the key is not pinned', async (t) => {
        const { guard, events, proxy } = await scene(t, kind, pinning(NOBODYS_PINS))
        const server = await startTlsServer(originChain)
        t.after(() => server.close())
        await assertRefused(() => open(guard, server.port), { code: 'ERR_PIN_MISMATCH', server, events })
        await proxy.whenConnectionsClosed()
        assertKnewNothing(proxy)
      })
    })
  }

  for (const [whose, Socket] of Object.entries({ "npm undici's": WebSocket, "Node's own": globalThis.WebSocket })) {
    it(
      `${whose} WebSocket through ${kind.name} is refused before a byte when the key is not pinned`,
      impatient,
      async (t) => {
        const { guard, events, proxy } = await scene(t, kind, pinning(NOBODYS_PINS))
        const server = await startTlsServer(originChain)
        t.after(() => server.close())
        // @types/node describes the dispatcher by another copy of undici's types.
        const options: object = { dispatcher: guard.dispatcher }
        const socket = new Socket(`wss://${HOST}:${server.port}/`, options)
        await new Promise<void>((resolve) => socket.addEventListener('error', () => resolve()))
        await Promise.all([server.whenConnectionsClosed(), proxy.whenConnectionsClosed()])
        assert.equal(server.recording.bytes, 0)
        assert.ok(events.some(({ type }) => type === 'pin-failure'))
        assert.equal(proxy.recording.tunnels.length, 1)
      },
    )
  }
}

for (const [way, open] of Object.entries(WAYS)) {
  it(`what was upgraded is ended when the key of a pinned proxy is revoked (${way})`, impatient, async (t) => {
    const { guard, proxy, port, publish } = await scene(t, httpsProxy, bothPinned)
    const stream = await open(guard, port)
    const closed = new Promise<void>((resolve) => stream.on('error', () => {}).once('close', resolve))
    assert.equal(await echo(stream, 'one'), 'one')
    await publish(proxyRevoked)
    await closed
    await proxy.whenConnectionsClosed()
    await rejection(open(guard, port))
  })
}

async function scene(t: TestContext, kind: ProxyKind, policy: object) {
  const port = await startEchoServer(t)
  const proxy = await kind.start()
  t.after(() => proxy.close())
  const trusted = { ca: victim.root.certificate, proxy: urlOf(kind, proxy) }
  return { ...(await changingGuard(t, policy, trusted)), proxy, port }
}

async function echo(stream: Duplex, text: string): Promise<string> {
  const answered = once(stream, 'data')
  stream.write(text)
  const [answer] = await answered
  return String(answer)
}

/** Upgrades and tunnels whatever it is asked for, and then says what it hears. */
async function startEchoServer(t: TestContext): Promise<number> {
  const server = createServer({ key: originChain.key, cert: originChain.chain.join('\n') })
  const streams = new Set<Duplex>()
  const talk = (status: string) => (_request: unknown, stream: Duplex) => {
    streams.add(stream.on('error', () => {}))
    stream.write(`HTTP/1.1 ${status}\r\n\r\n`)
    stream.pipe(stream)
  }
  server.on('upgrade', talk('101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo'))
  server.on('connect', talk('200 Connected'))
  t.after(() => {
    for (const stream of streams) stream.destroy()
    server.close()
  })
  return await listen(server)
}
