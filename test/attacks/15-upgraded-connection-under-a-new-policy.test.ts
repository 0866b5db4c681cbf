/**
 * Row 15, what a request was upgraded to: a WebSocket or a CONNECT tunnel lives on without requests, so it never comes
 * by a point at which a request could be refused. A policy that revokes its key ends it; one that accepts it, or mere
 * idleness, does not.
 *
 *     policy   pins the leaf                 revokes it
 *     client   ── Upgrade: echo ─→           ┊
 *     server   ←─ 101 ───────────   stream   ╳ ended by the guard
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { it, type TestContext } from 'node:test'
import { connect, upgrade } from 'undici'
import { listen } from '../support/listen.ts'
import { HOST, partner } from './cast.ts'
import { changingGuard, NOBODYS_PINS, pinning } from './changing-policy.ts'
import type { Guarded } from './surfaces.ts'

const { root, issuing, leaf } = await partner()
const accepting = pinning([leaf.pin, issuing.pin])

/** A stream that nobody ends would be waited for. */
const impatient = { timeout: 10_000 }

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

for (const [way, open] of Object.entries(WAYS)) {
  it(`is ended when its key is revoked (${way})`, impatient, async (t) => {
    const port = await startEchoServer(t)
    const { guard, publish } = await changingGuard(t, accepting, { ca: root.certificate })
    const stream = await open(guard, port)
    const closed = new Promise<void>((resolve) => stream.on('error', () => {}).once('close', resolve))
    assert.equal(await echo(stream, 'one'), 'one')
    await publish(pinning(NOBODYS_PINS))
    await closed
  })

  it(
    `goes on when the new policy accepts its key, and when idle connections are closed (${way})`,
    impatient,
    async (t) => {
      const port = await startEchoServer(t)
      const { guard, publish } = await changingGuard(t, accepting, { ca: root.certificate })
      const stream = await open(guard, port)
      assert.equal(await echo(stream, 'one'), 'one')
      await publish(pinning([issuing.pin, NOBODYS_PINS[0]]))
      assert.equal(await echo(stream, 'two'), 'two')
      guard.closeIdle()
      assert.equal(await echo(stream, 'three'), 'three')
      stream.destroy()
    },
  )
}

async function echo(stream: Duplex, text: string): Promise<string> {
  const answered = once(stream, 'data')
  stream.write(text)
  const [answer] = await answered
  return String(answer)
}

/** Upgrades and tunnels whatever it is asked for, and then says what it hears. */
async function startEchoServer(t: TestContext): Promise<number> {
  const server = createServer({ key: leaf.privateKey, cert: `${leaf.certificate}\n${issuing.certificate}` })
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
