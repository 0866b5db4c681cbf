/**
 * Without a request: somebody asks the agent for a connection by itself, as clients with a protocol of their own
 * do. There is no request whose host was looked at before, so the gate's own look is the only one.
 *
 *     agent.createConnection({ host: uncovered }, callback) ─→ refused, nothing is opened
 */

import assert from 'node:assert/strict'
import type { Agent } from 'node:https'
import { it, type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { HOST, partner } from '../attacks/cast.ts'
import { NOBODYS_PINS } from '../attacks/changing-policy.ts'
import { codeOf, watchedGuard } from '../attacks/surfaces.ts'
import { presented } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'

const { root, issuing, leaf } = await partner()

type Asked = { createConnection(options: object, callback: (error: unknown, socket?: TLSSocket) => void): unknown }

async function ask(t: TestContext, { pins, host }: { pins: readonly string[]; host: string }) {
  const server = await startTlsServer(presented(leaf, issuing))
  t.after(() => server.close())
  const { guard, events } = watchedGuard({ policy: { [HOST]: pins }, ca: root.certificate })
  t.after(() => guard.close())
  const agent = guard.agent as Agent & Asked
  const outcome = await new Promise<unknown>((resolve) => {
    agent.createConnection({ host, port: server.port }, (error, socket) => resolve(error ?? socket))
  })
  return { server, events, outcome }
}

it('an uncovered host is refused before a connection is opened', async (t) => {
  const { server, events, outcome } = await ask(t, { pins: [leaf.pin, issuing.pin], host: 'elsewhere.test' })
  assert.equal(codeOf(outcome), 'ERR_HOST_NOT_COVERED')
  assert.deepEqual(
    events.filter(({ type }) => type === 'host-refused').map((event) => 'host' in event && event.host),
    ['elsewhere.test'],
  )
  assert.equal(server.recording.connections, 0)
})

it('an unpinned key is refused', async (t) => {
  const { server, outcome } = await ask(t, { pins: NOBODYS_PINS, host: HOST })
  assert.equal(codeOf(outcome), 'ERR_PIN_MISMATCH')
  await server.whenConnectionsClosed()
  assert.equal(server.recording.bytes, 0)
})

it('a pinned key is handed over, judged', async (t) => {
  const { outcome } = await ask(t, { pins: [leaf.pin, issuing.pin], host: HOST })
  const socket = outcome as TLSSocket
  assert.equal(socket.authorized, true)
  socket.destroy()
})
