/**
 * Row 15, an upgrade that is answered late: the request went out under the old policy, and the server says 101 or 200
 * only after the policy, or a date in it, has revoked its key, or has covered a host that was called without TLS. What
 * was a running request, which may end well, would become a stream that has no end of its own. It ends at once, and
 * nothing that is written on it reaches the server.
 *
 *     policy   pins the leaf                    revokes it
 *     client   ── Upgrade / CONNECT ─→          ┊             stream: a secret ╳
 *     server                                    ┊  ←─ 101 / 200
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createPlainServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer, request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { describe, it, type TestContext } from 'node:test'
import { connect, type Dispatcher, upgrade, WebSocket } from 'undici'
import { listen } from '../support/listen.ts'
import { HOST, partner } from './cast.ts'
import { changingGuard, instant, NOBODYS_PINS, pinning, stillClock } from './changing-policy.ts'
import type { Guarded } from './surfaces.ts'

const { root, issuing, leaf } = await partner()
const pins = [leaf.pin, issuing.pin]
const SECRET = 'a secret'

/** A stream that nobody ends would be waited for. */
const impatient = { timeout: 10_000 }

/** Opens a stream and writes on it as soon as it has it; it ends when the stream has, or when there will be none. */
type Way = (guard: Guarded, place: { readonly port: number; readonly s: 's' | '' }) => Promise<unknown>

const WAYS_OF_THE_DISPATCHER: Readonly<Record<string, Way>> = {
  'undici.upgrade': ({ dispatcher }, { port, s }) =>
    talkOn(upgrade(`http${s}://${HOST}:${port}/`, { dispatcher, protocol: 'echo' }).then(({ socket }) => socket)),
  'pinnedDispatcher.upgrade': ({ dispatcher }, { port, s }) => {
    // undici's types know `origin` only at the dispatchers that have one already.
    const options: Dispatcher.UpgradeOptions & { origin: string } = {
      origin: `http${s}://${HOST}:${port}`,
      path: '/',
      protocol: 'echo',
    }
    return talkOn(dispatcher.upgrade(options).then(({ socket }) => socket))
  },
  'undici.connect': ({ dispatcher }, { port, s }) =>
    talkOn(connect(`http${s}://${HOST}:${port}`, { dispatcher }).then(({ socket }) => socket)),
  "npm undici's WebSocket": ({ dispatcher }, { port, s }) =>
    talkBy(new WebSocket(`ws${s}://${HOST}:${port}/`, { dispatcher }) as unknown as globalThis.WebSocket),
  "Node's own WebSocket": ({ dispatcher }, { port, s }) => {
    // @types/node describes the dispatcher by another copy of undici's types.
    const options: object = { dispatcher }
    return talkBy(new globalThis.WebSocket(`ws${s}://${HOST}:${port}/`, options))
  },
}

const WAYS: Readonly<Record<string, Way>> = {
  ...WAYS_OF_THE_DISPATCHER,
  'https.request with Upgrade': ({ agent }, { port }) =>
    talkOn(streamOf({ host: HOST, port, agent, headers: { connection: 'Upgrade', upgrade: 'echo' } }, 'upgrade')),
  'https.request with CONNECT': ({ agent }, { port }) =>
    talkOn(streamOf({ host: HOST, port, agent, method: 'CONNECT', path: 'elsewhere.test:443' }, 'connect')),
}

for (const [way, open] of Object.entries(WAYS)) {
  it(`ends before anything is written on it (${way})`, impatient, async (t) => {
    const server = await startLateServer(t)
    const { guard, publish } = await changingGuard(t, pinning(pins), { ca: root.certificate })
    const ended = open(guard, { port: server.port, s: 's' })
    await server.asked
    await publish(pinning(NOBODYS_PINS))
    server.answer()
    await Promise.all([ended, server.ended])
    assert.equal(server.heard(), '')
  })

  it(`ends before anything is written on it, when its pin has expired meanwhile (${way})`, impatient, async (t) => {
    const server = await startLateServer(t)
    const clock = stillClock()
    const expiring = { sha256: leaf.pin.slice('sha256/'.length), expires: instant(clock.now() + 1_000) }
    const { guard } = await changingGuard(t, pinning([expiring, NOBODYS_PINS[0]]), { ca: root.certificate, clock })
    const ended = open(guard, { port: server.port, s: 's' })
    await server.asked
    clock.advance(1_000)
    server.answer()
    await Promise.all([ended, server.ended])
    assert.equal(server.heard(), '')
  })

  it(`goes on when the new policy accepts its key (${way})`, impatient, async (t) => {
    const server = await startLateServer(t)
    const { guard, publish } = await changingGuard(t, pinning(pins), { ca: root.certificate })
    const ended = open(guard, { port: server.port, s: 's' })
    await server.asked
    await publish(pinning([issuing.pin, NOBODYS_PINS[0]]))
    server.answer()
    await Promise.all([ended, server.ended])
    assert.notEqual(server.heard(), '')
  })
}

describe('without TLS, to a host that no entry covered when it was asked for', () => {
  const uncovered = pinning(pins, { default: 'allow', hosts: { 'somebody.else.test': { pins } } })

  for (const [way, open] of Object.entries(WAYS_OF_THE_DISPATCHER)) {
    it(
      `ends before anything is written on it, when an entry covers the host meanwhile (${way})`,
      impatient,
      async (t) => {
        const server = await startLateServer(t, createPlainServer())
        const { guard, publish } = await changingGuard(t, uncovered, {})
        const ended = open(guard, { port: server.port, s: '' })
        await server.asked
        await publish(pinning(pins, { default: 'allow' }))
        server.answer()
        await Promise.all([ended, server.ended])
        assert.equal(server.heard(), '')
      },
    )

    it(`goes on when its host is still not covered (${way})`, impatient, async (t) => {
      const server = await startLateServer(t, createPlainServer())
      const { guard, publish } = await changingGuard(t, uncovered, {})
      const ended = open(guard, { port: server.port, s: '' })
      await server.asked
      await publish({ ...uncovered, serial: 2 })
      server.answer()
      await Promise.all([ended, server.ended])
      assert.notEqual(server.heard(), '')
    })
  }
})

function streamOf(options: object, event: 'upgrade' | 'connect'): Promise<Duplex> {
  const outgoing = httpsRequest(options).end()
  return new Promise((resolve, reject) => {
    outgoing.on(event, (_incoming, stream: Duplex) => {
      // In the listener itself: the first moment at which anybody can.
      stream.on('error', () => {}).write(SECRET)
      resolve(stream)
    })
    outgoing.on('error', reject)
  })
}

async function talkOn(opening: Promise<Duplex>): Promise<void> {
  const stream = await opening.catch(() => undefined)
  if (stream === undefined) return
  stream.on('error', () => {})
  if (!stream.closed && !stream.destroyed) stream.write(SECRET)
  if (!stream.closed) await once(stream, 'close')
}

function talkBy(socket: globalThis.WebSocket): Promise<void> {
  socket.addEventListener('open', () => socket.send(SECRET))
  return new Promise((resolve) => {
    socket.addEventListener('close', () => resolve())
    socket.addEventListener('error', () => resolve())
  })
}

interface LateServer {
  readonly port: number
  /** It has the request. */
  readonly asked: Promise<void>
  /** The stream that it made of the request is gone. */
  readonly ended: Promise<void>
  /** Upgrades the request, or opens the tunnel. */
  answer(): void
  /** What came after the request. */
  heard(): string
}

/** Answers one upgrade when it is told to, and hangs up at the first byte that comes after. */
async function startLateServer(t: TestContext, server: Server = createPartner()): Promise<LateServer> {
  const asked = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  let heard = ''
  let answer = (): void => assert.fail('nobody has asked yet')
  const listenTo =
    (head: (request: IncomingMessage) => string) => (request: IncomingMessage, stream: Duplex, early: Buffer) => {
      heard += early.toString('latin1')
      stream.on('error', () => {}).once('close', ended.resolve)
      // A plain socket would stay half open.
      stream.once('end', () => stream.destroy())
      stream.on('data', (chunk: Buffer) => {
        heard += chunk.toString('latin1')
        stream.destroy()
      })
      t.after(() => stream.destroy())
      answer = () => void stream.write(`HTTP/1.1 ${head(request)}\r\n\r\n`)
      asked.resolve()
    }
  server.on('upgrade', listenTo(switchingProtocols))
  server.on(
    'connect',
    listenTo(() => '200 Connected'),
  )
  t.after(() => server.close())
  const port = await listen(server)
  return { port, asked: asked.promise, ended: ended.promise, answer: () => answer(), heard: () => heard }
}

function createPartner(): Server {
  return createTlsServer({ key: leaf.privateKey, cert: `${leaf.certificate}\n${issuing.certificate}` })
}

function switchingProtocols({ headers }: IncomingMessage): string {
  const lines = ['101 Switching Protocols', 'Connection: Upgrade', `Upgrade: ${headers.upgrade}`]
  const key = headers['sec-websocket-key']
  if (key !== undefined) {
    // RFC 6455 s.1.3: what shows that the server means a WebSocket.
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    lines.push(`Sec-WebSocket-Accept: ${accept}`)
  }
  return lines.join('\r\n')
}
