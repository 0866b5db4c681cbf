/**
 * Row 17, the queue of `pinnedAgent`: with `maxSockets` or `maxTotalSockets` set, requests wait in line for a socket.
 * Node calls up the next one only when a socket is freed or closes, and a refused connection never became a socket. If
 * nothing else moved the line, whoever stands behind a failing host would wait for ever.
 *
 *     socket busy          bad  bad  good  bad  good
 *     it ends              ↑ refused, and the line moves on
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { leafOf, presented } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { HOST, partner } from './cast.ts'
import { codeOf, SURFACES, type Surface, watchedGuard } from './surfaces.ts'

const BAD_HOST = 'bad.partner.test'
const THIRD_HOST = 'third.partner.test'

const { root, issuing } = await partner()
const leaf = await leafOf(issuing, [HOST, BAD_HOST, THIRD_HOST])
const other = await leafOf(issuing, [BAD_HOST])
const good = [leaf.pin, leaf.pin]
const policy = { [HOST]: good, [THIRD_HOST]: good, [BAD_HOST]: [other.pin, other.pin] }
const [, , agent] = SURFACES as [Surface, Surface, Surface]

/** A queue that stalls would wait for ever. */
const unstalled = { timeout: 10_000 }

const QUEUES = [
  {
    title: 'a failing host at the head of the line stops nobody behind it',
    limit: { maxTotalSockets: 1 },
    line: [BAD_HOST, BAD_HOST, THIRD_HOST, HOST, BAD_HOST, THIRD_HOST],
  },
  {
    title: 'every request to a failing host gets its own error',
    limit: { maxTotalSockets: 1 },
    line: [BAD_HOST, BAD_HOST, BAD_HOST],
  },
  {
    title: 'requests to one host that closes after each answer are all answered',
    limit: { maxSockets: 1 },
    line: [HOST, HOST, HOST],
  },
] as const

describe('in the queue of pinnedAgent', () => {
  for (const { title, limit, line } of QUEUES) {
    it(title, unstalled, async (t) => {
      const answer = Promise.withResolvers<object>()
      const server = await startTlsServer(presented(leaf, issuing), {
        respond: async ({ url }) => {
          if (url === '/running') await answer.promise
          return { headers: { connection: 'close' } }
        },
      })
      t.after(() => server.close())
      const { guard } = watchedGuard({ policy, ca: root.certificate })
      t.after(() => guard.close())
      Object.assign(guard.agent, limit)
      const call = async (host: string, path: string) =>
        (await agent.call(guard, `https://${host}:${server.port}${path}`)).status
      const requested = server.whenRequested()
      const running = call(HOST, '/running')
      await requested
      const waiting = line.map((host, place) => call(host, `/${place}`).catch(codeOf))
      await nextTurn()
      answer.resolve({})
      assert.equal(await running, 200)
      assert.deepEqual(
        await Promise.all(waiting),
        line.map((host) => (host === BAD_HOST ? 'ERR_PIN_MISMATCH' : 200)),
      )
      const served = server.recording.received.map(({ servername }) => servername)
      assert.ok(!served.includes(BAD_HOST))
    })
  }
})
