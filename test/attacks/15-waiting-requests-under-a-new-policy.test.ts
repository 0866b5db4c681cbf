/**
 * Row 15, the requests that had to wait: behind another one for a socket of an agent, or for a handshake of their own.
 * They were let in under the old policy and would be written under the new one.
 *
 *     agent, maxSockets: 1       running ──── answer ─→  socket free
 *                                queued   ┊ new policy ┊  └─ not onto it: judged anew, refused, every one of them
 *
 *     dispatcher, a rotation     running on the old key ┊ new policy ┊ its connection ends with its answer
 *                                waiting for a handshake ┊            ┊ answered once, on the new key
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { leafOf, presented } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { HOST, partner } from './cast.ts'
import { type ChangingGuard, changingGuard, instant, NOBODYS_PINS, pinning, stillClock } from './changing-policy.ts'
import { assertAccepted, codeOf, SURFACES, type Surface } from './surfaces.ts'

const { root, issuing, leaf } = await partner()
const chain = presented(leaf, issuing)
const trusted = { ca: root.certificate }
const [, , agent] = SURFACES as [Surface, Surface, Surface]

/** A queue that stalls would wait for ever. */
const unstalled = { timeout: 10_000 }

describe('requests queued behind a running one, by pinnedAgent with maxSockets: 1', () => {
  it('are all refused when the policy no longer pins the key', unstalled, async (t) => {
    const queue = await runningAndQueued(t, pinning([leaf.pin, issuing.pin]))
    await queue.publish(pinning(NOBODYS_PINS))
    assert.deepEqual(await queue.outcomes(), ['ERR_PIN_MISMATCH', 'ERR_PIN_MISMATCH', 'ERR_PIN_MISMATCH'])
    assert.deepEqual(queue.received(), ['/running'])
  })

  it('are all refused, with no connection opened, when the policy no longer covers the host', unstalled, async (t) => {
    const queue = await runningAndQueued(t, pinning([leaf.pin, issuing.pin]))
    await queue.publish({ 'somebody.else.test': [...NOBODYS_PINS] })
    const refused = 'ERR_HOST_NOT_COVERED'
    assert.deepEqual(await queue.outcomes(), [refused, refused, refused])
    assert.deepEqual(queue.received(), ['/running'])
    assert.equal(queue.connections(), 1)
  })

  it('are all answered, on the same connection, when the new policy accepts it', unstalled, async (t) => {
    const queue = await runningAndQueued(t, pinning([leaf.pin, issuing.pin]))
    await queue.publish(pinning([issuing.pin, NOBODYS_PINS[0]]))
    assert.deepEqual(await queue.outcomes(), [200, 200, 200])
    assert.equal(queue.connections(), 1)
  })

  it('are not written to a connection whose pin has expired meanwhile', unstalled, async (t) => {
    const clock = stillClock()
    const pin = { sha256: leaf.pin.slice('sha256/'.length), expires: instant(clock.now() + 1_000) }
    const queue = await runningAndQueued(t, pinning([pin, NOBODYS_PINS[0]]), clock)
    clock.advance(1_000)
    assert.deepEqual(await queue.outcomes(), ['ERR_PINS_EXPIRED', 'ERR_PINS_EXPIRED', 'ERR_PINS_EXPIRED'])
    assert.deepEqual(queue.received(), ['/running'])
  })
})

for (const surface of SURFACES) {
  it(`a request that waits for its handshake during a rotation is answered once, on the new key (${surface.name})`, async (t) => {
    const renewed = await leafOf(issuing, [HOST])
    const answer = Promise.withResolvers<object>()
    let held: Promise<void> | undefined
    const server = await startTlsServer(chain, {
      respond: async ({ url }) => (url === '/running' ? await answer.promise : {}),
      delayHandshake: async () => await held,
    })
    t.after(() => server.close())
    const { guard, publish } = await changingGuard(t, pinning([leaf.pin, renewed.pin]), trusted)
    const call = (path: string) => surface.call(guard, `https://${HOST}:${server.port}${path}`)
    const requested = server.whenRequested()
    const running = call('/running')
    await requested

    const handshake = Promise.withResolvers<void>()
    held = handshake.promise
    const connected = server.whenConnected()
    const waiting = call('/waiting')
    await connected
    server.present(presented(renewed, issuing))
    server.ticketKeysRenew()
    await publish(pinning([renewed.pin, NOBODYS_PINS[0]]))
    handshake.resolve()
    assert.equal((await waiting).status, 200)
    answer.resolve({})
    assert.equal((await running).status, 200)

    await nextTurn()
    await assertAccepted(() => call('/next'), server)
    const seen = server.recording.received.map(({ url }) => url)
    assert.deepEqual(seen, ['/running', '/waiting', '/next'])
    const [, waited, next] = server.recording.received
    assert.equal(next?.connection, waited?.connection, 'the connection it was written to was taken out of use')
  })
}

interface Queue extends Pick<ChangingGuard, 'publish'> {
  /** Lets the running request be answered, and tells what became of the queued ones. */
  outcomes(): Promise<unknown[]>
  received(): string[]
  connections(): number
}

async function runningAndQueued(
  t: TestContext,
  document: object,
  clock?: ReturnType<typeof stillClock>,
): Promise<Queue> {
  const answer = Promise.withResolvers<object>()
  const server = await startTlsServer(chain, {
    respond: async ({ url }) => (url === '/running' ? await answer.promise : {}),
  })
  t.after(() => server.close())
  const { guard, publish } = await changingGuard(t, document, clock === undefined ? trusted : { ...trusted, clock })
  guard.agent.maxSockets = 1
  const call = async (path: string) => (await agent.call(guard, `https://${HOST}:${server.port}${path}`)).status
  const requested = server.whenRequested()
  const running = call('/running')
  await requested
  const queued = ['/one', '/two', '/three'].map((path) => call(path).catch(codeOf))
  await nextTurn()
  return {
    publish,
    async outcomes() {
      answer.resolve({})
      assert.equal(await running, 200, 'the running request ended well')
      return await Promise.all(queued)
    },
    received: () => server.recording.received.map(({ url }) => url),
    connections: () => server.recording.connections,
  }
}
