/**
 * Row 23: `http://` to a host whose keys are pinned. Plain HTTP proves no key, so no name it is written by, no default
 * and no mode lets it pass, and nothing is even connected.
 *
 *     http://pinned   ──╳   no connection, no name looked up
 *     http://other    ──→   as the policy's default says
 */

import assert from 'node:assert/strict'
import { get as httpGet } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Dispatcher, interceptors, pipeline, request, stream, upgrade, WebSocket } from 'undici'
import { presented } from '../support/authority.ts'
import { type PlainServer, startPlainServer } from '../support/plain-server.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { HOST, partner } from './cast.ts'
import { changingGuard, pinning } from './changing-policy.ts'
import { assertRefused, codeOf, lookupLoopback, SURFACES, watchedGuard } from './surfaces.ts'

const { root, issuing, leaf } = await partner()
const pins = [leaf.pin, issuing.pin]
const code = 'ERR_PLAINTEXT_REFUSED'

const POLICIES = [
  { title: 'the default', document: pinning(pins) },
  { title: 'default "allow"', document: pinning(pins, { default: 'allow' }) },
  { title: 'mode "report"', document: { version: 1, hosts: { [HOST]: { pins, mode: 'report' } } } },
] as const

/** Not the agent: an https Agent takes no `http:` at all. */
const PLAIN_SURFACES = SURFACES.filter(({ name }) => !name.startsWith('pinnedAgent'))

for (const surface of PLAIN_SURFACES) {
  for (const { title, document } of POLICIES) {
    it(`is refused before it connects, under ${title} (${surface.name})`, async (t) => {
      const { plain, lookedUp, lookup } = await scene(t)
      const { guard, events } = watchedGuard({ policy: document, ca: root.certificate, lookup })
      t.after(() => guard.close())
      for (const host of [HOST, HOST.toUpperCase(), `${HOST}.`]) {
        const call = () => surface.call(guard, `http://${host}:${plain.port}/`, { method: 'POST', body: 'secret' })
        await assertRefused(call, { code, server: plain, events })
      }
      assert.deepEqual([plain.recording.connections, lookedUp.length], [0, 0])
    })
  }

  it(`is refused on the connection that carried it while the host was not covered (${surface.name})`, async (t) => {
    const { plain } = await scene(t)
    const uncovered = pinning(pins, { default: 'allow', hosts: { 'somebody.else.test': { pins } } })
    const { guard, publish } = await changingGuard(t, uncovered, { ca: root.certificate })
    const call = () => surface.call(guard, `http://${HOST}:${plain.port}/`)
    assert.equal((await call()).status, 200)
    await nextTurn()
    const { bytes } = plain.recording
    await publish(pinning(pins, { default: 'allow' }))
    await assert.rejects(call, (error) => codeOf(error) === code)
    assert.equal(plain.recording.bytes, bytes)
  })
}

/** A door that lets the call through may wait for ever for its answer. */
const impatient = { timeout: 10_000 }

describe('by the other doors of pinnedDispatcher', impatient, () => {
  const doors: Record<string, (url: string, dispatcher: Dispatcher) => Promise<unknown>> = {
    stream: (url, dispatcher) => stream(url, { method: 'GET', dispatcher }, () => process.stdout),
    upgrade: (url, dispatcher) => upgrade(url, { dispatcher }),
    pipeline: (url, dispatcher) =>
      new Promise((_, reject) => {
        pipeline(url, { method: 'GET', dispatcher }, ({ body }) => body)
          .on('error', reject)
          .end()
      }),
    'the dns interceptor': (url, dispatcher) => {
      const records = [{ address: '127.0.0.1', family: 4, ttl: 60_000 } as const]
      const dns = interceptors.dns({ lookup: (_origin, _options, found) => found(null, records) })
      return request(url, { dispatcher: dispatcher.compose(dns) })
    },
  }
  for (const [door, open] of Object.entries(doors)) {
    it(`is refused before it connects (${door})`, async (t) => {
      const { plain } = await scene(t)
      const { guard, events } = watchedGuard({ policy: pinning(pins, { default: 'allow' }), lookup: lookupLoopback })
      t.after(() => guard.close())
      await assertRefused(() => open(`http://${HOST}:${plain.port}/`, guard.dispatcher), {
        code,
        server: plain,
        events,
      })
      assert.equal(plain.recording.connections, 0)
    })
  }

  for (const [whose, open] of Object.entries({
    "npm undici's": (url: string, dispatcher: Dispatcher) => new WebSocket(url, { dispatcher }),
    "Node's own": (url: string, dispatcher: Dispatcher) => {
      // @types/node describes the dispatcher by another copy of undici's types.
      const options: object = { dispatcher }
      return new globalThis.WebSocket(url, options)
    },
  })) {
    it(`is refused before it connects (${whose} WebSocket, ws:)`, async (t) => {
      const { plain } = await scene(t)
      const { guard, events } = watchedGuard({ policy: pinning(pins, { default: 'allow' }) })
      t.after(() => guard.close())
      const socket = open(`ws://${HOST}:${plain.port}/`, guard.dispatcher)
      await new Promise<void>((resolve) => socket.addEventListener('error', () => resolve()))
      assert.deepEqual(events.at(-1)?.type, 'host-refused')
      assert.equal(plain.recording.connections, 0)
    })
  }
})

describe('by pinnedAgent', () => {
  it('is refused by Node itself, before it connects', async (t) => {
    const { plain } = await scene(t)
    const { guard } = watchedGuard({ policy: pinning(pins) })
    t.after(() => guard.close())
    const url = `http://${HOST}:${plain.port}/`
    assert.throws(() => httpGet(url, { agent: guard.agent }), { code: 'ERR_INVALID_PROTOCOL' })
    assert.throws(() => httpsRequest(url, { agent: guard.agent }), { code: 'ERR_INVALID_PROTOCOL' })
    assert.equal(plain.recording.connections, 0)
  })

  it('speaks TLS to a pinned host even when node:http is told to use it', async (t) => {
    const server = await startTlsServer(presented(leaf, issuing))
    t.after(() => server.close())
    const { guard } = watchedGuard({ policy: pinning(pins), ca: root.certificate })
    t.after(() => guard.close())
    const status = await new Promise((resolve, reject) => {
      const place = { host: HOST, port: server.port, protocol: 'https:', agent: guard.agent }
      httpGet(place, (incoming) => resolve(incoming.resume().statusCode)).on('error', reject)
    })
    assert.deepEqual([status, server.recording.handshakes], [200, 1])
  })
})

async function scene(t: TestContext): Promise<{
  readonly plain: PlainServer
  readonly lookedUp: string[]
  readonly lookup: typeof lookupLoopback
}> {
  const plain = await startPlainServer()
  t.after(() => plain.close())
  const lookedUp: string[] = []
  const lookup: typeof lookupLoopback = (host, options, callback) => {
    lookedUp.push(host)
    lookupLoopback(host, options, callback)
  }
  return { plain, lookedUp, lookup }
}
