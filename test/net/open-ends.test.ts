/**
 * Calls that stand between two states when something changes: with a connection and nothing written, in line behind an
 * idle connection, inside a tunnel that closes, in a preconnect when the guard is closed.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpsRequest } from 'node:https'
import { PassThrough } from 'node:stream'
import { it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { request as undiciRequest } from 'undici'
import { HOST, partner } from '../attacks/cast.ts'
import { changingGuard, NOBODYS_PINS, pinning } from '../attacks/changing-policy.ts'
import { codeOf, SURFACES, watchedGuard } from '../attacks/surfaces.ts'
import { leafOf, presented } from '../support/authority.ts'
import { startConnectProxy } from '../support/connect-proxy.ts'
import { startPlainServer } from '../support/plain-server.ts'
import { startTlsServer } from '../support/tls-server.ts'

const OTHER = 'other.partner.test'
const { root, issuing } = await partner()
const leaf = await leafOf(issuing, [HOST, OTHER])
const pins = [leaf.pin, issuing.pin]

it('a request of pinnedAgent that has written nothing yet is not written to a revoked connection', async (t) => {
  const server = await startTlsServer(presented(leaf, issuing))
  t.after(() => server.close())
  const { guard, publish } = await changingGuard(t, pinning(pins), { ca: root.certificate })
  const outgoing = httpsRequest({ host: HOST, port: server.port, method: 'POST', agent: guard.agent })
  const failed = once(outgoing, 'error')
  await once(outgoing, 'socket')
  await publish(pinning(NOBODYS_PINS))
  outgoing.end('secret')
  assert.equal(codeOf((await failed)[0]), 'ECONNRESET')
  assert.equal(server.recording.bytes, 0)
})

for (const [kind, bodyFrom] of [
  ['stream', (stream: PassThrough) => stream],
  ['async iterable', (stream: PassThrough) => ({ [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator]() })],
] as const) {
  it(`nor is one of pinnedDispatcher whose body, of kind ${kind}, is still to come`, async (t) => {
    const server = await startTlsServer(presented(leaf, issuing))
    t.after(() => server.close())
    const { guard, publish, events } = await changingGuard(t, pinning(pins), { ca: root.certificate })
    const stream = new PassThrough()
    const body = bodyFrom(stream) as PassThrough
    const { dispatcher } = guard
    const call = undiciRequest(`https://${HOST}:${server.port}/`, { dispatcher, method: 'POST', body })
    const failed = assert.rejects(call)
    while (!events.some(({ type }) => type === 'connection-accepted')) await nextTurn()
    await publish(pinning(NOBODYS_PINS))
    stream.end('secret')
    await failed
    assert.equal(server.recording.bytes, 0)
  })
}

it('a call in line for the only connection gets it when another host leaves it idle', async (t) => {
  const [here, there] = await Promise.all([
    startTlsServer(presented(leaf, issuing)),
    startTlsServer(presented(leaf, issuing)),
  ])
  t.after(() => Promise.all([here.close(), there.close()]))
  const policy = { [HOST]: pins, [OTHER]: pins }
  const { guard } = watchedGuard({ policy, ca: root.certificate })
  t.after(() => guard.close())
  guard.agent.maxTotalSockets = 1
  const calls = [`${HOST}:${here.port}`, `${OTHER}:${there.port}`, `${HOST}:${here.port}`, `${OTHER}:${there.port}`]
  const byAgent = SURFACES.find(({ name }) => name.startsWith('pinnedAgent'))
  const answers = await Promise.all(calls.map((place) => byAgent?.call(guard, `https://${place}/`)))
  assert.deepEqual(
    answers.map((answer) => answer?.status),
    [200, 200, 200, 200],
  )
})

for (const surface of SURFACES) {
  it(`a call ends when its tunnel is closed in the midst of the handshake (${surface.name})`, async (t) => {
    const held = Promise.withResolvers<void>()
    const server = await startTlsServer(presented(leaf, issuing), { delayHandshake: () => held.promise })
    const proxy = await startConnectProxy()
    t.after(async () => {
      held.resolve()
      await Promise.all([server.close(), proxy.close()])
    })
    const { guard } = watchedGuard({
      policy: pinning(pins),
      ca: root.certificate,
      proxy: `http://proxy.test:${proxy.port}`,
    })
    t.after(() => guard.close())
    const failed = assert.rejects(surface.call(guard, `https://${HOST}:${server.port}/`), (error: Error) => {
      assert.equal(codeOf(error), 'ECONNRESET')
      return true
    })
    // The guard's first word to the server is in the tunnel.
    while (!proxy.recording.tunnels.some(({ sent }) => sent.length > 0)) await nextTurn()
    proxy.destroyConnections()
    await failed
  })
}

for (const surface of SURFACES.filter(({ name }) => !name.startsWith('pinnedAgent'))) {
  for (const rule of ['allow', 'report'] as const) {
    it(`a plain call to a place that no entry covers, "${rule}", fails as any when nobody is there (${surface.name})`, async (t) => {
      const server = await startPlainServer()
      await server.close()
      const document = { version: 1, default: rule, hosts: { [HOST]: { pins } } }
      const { guard } = watchedGuard({ policy: document })
      t.after(() => guard.close())
      for (const url of [server.url, 'http://nobody.invalid/']) {
        await assert.rejects(surface.call(guard, url), (error) =>
          /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)$/.test(String(codeOf(error))),
        )
      }
    })
  }
}

it('a guard that is closed during a preconnect keeps no connection open', async (t) => {
  const held = Promise.withResolvers<void>()
  const server = await startTlsServer(presented(leaf, issuing), { delayHandshake: () => held.promise })
  t.after(() => server.close())
  const connected = server.whenConnected()
  const { guard } = watchedGuard({
    policy: pinning(pins),
    ca: root.certificate,
    preconnect: [`${HOST}:${server.port}`],
  })
  await connected
  await guard.close()
  held.resolve()
  await server.whenConnectionsClosed()
  assert.equal(server.recording.bytes, 0)
})
