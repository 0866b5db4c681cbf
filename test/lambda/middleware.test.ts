import assert from 'node:assert/strict'
import { get } from 'node:https'
import type { LookupFunction } from 'node:net'
import { type TestContext, test } from 'node:test'
import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { type PinnedContext, pinnedFetch } from '../../lib/index.ts'
import { FREEZE_PAUSE_MS } from '../../lib/net/idle.ts'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'

const HOST = 'api.partner.test'

const lookup: LookupFunction = (_host, { all }, found) =>
  all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4)

/** In this process, as the author of a handler tests it: no Lambda, no Secrets Manager. */
async function prepareHandler(t: TestContext) {
  const root = await rootAuthority('Middleware Root')
  const leaf = await leafOf(root, [HOST])
  const server = await startTlsServer(presented(leaf))
  t.after(() => server.close())
  const url = `https://${HOST}:${server.port}/`
  const handler = middy<unknown, readonly number[]>()
    .use(pinnedFetch({ policy: { [HOST]: [leaf.pin] }, ca: root.certificate, lookup, metrics: false }))
    .handler(async (_event, context) => {
      const response = await context.pinnedFetch(url)
      await response.text()
      return [response.status, await statusByAgent(url, context)]
    })
  return {
    server,
    invoke: handler as (event: unknown, context?: Context & PinnedContext) => Promise<readonly number[]>,
  }
}

function statusByAgent(url: string, { pinnedAgent: agent }: PinnedContext) {
  return new Promise<number>((resolve, reject) => {
    get(url, { agent }, (incoming) => {
      incoming.resume().on('end', () => resolve(incoming.statusCode ?? 0))
    }).on('error', reject)
  })
}

test('a handler works in its author’s unit test: without a context, with an empty one, twice with the same', async (t) => {
  const { invoke } = await prepareHandler(t)
  assert.deepEqual(await invoke({}), [200, 200])
  const context = {} as Context & PinnedContext
  for (const _ of ['once', 'twice']) assert.deepEqual(await invoke({}, context), [200, 200])
  assert.deepEqual(Object.keys(context), [])
})

test('connections outlive a short pause between invocations, and neither a long one nor a clock that was turned back', async (t) => {
  const { server, invoke } = await prepareHandler(t)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const connectionsAfter = async (pauseMs: number) => {
    t.mock.timers.setTime(Date.now() + pauseMs)
    assert.deepEqual(await invoke({}), [200, 200])
    return server.recording.connections
  }
  assert.equal(await connectionsAfter(0), 2)
  assert.equal(await connectionsAfter(FREEZE_PAUSE_MS - 1), 2)
  assert.equal(await connectionsAfter(FREEZE_PAUSE_MS), 4)
  assert.equal(await connectionsAfter(-1), 6)
  assert.equal(await connectionsAfter(0), 6)
})

test('a mistaken option fails the import with the name of the option and the repair', () => {
  const options = { secretId: 'prod/partner-pins', cacheExpire: 1 }
  assert.throws(() => pinnedFetch(options), {
    code: 'ERR_CONFIGURATION',
    message: /"cacheExpire" is unknown\n {2}hint/,
  })
  assert.throws(() => pinnedFetch({}), {
    code: 'ERR_CONFIGURATION',
    message: /exactly one of secretId, policy and source/,
  })
})
