import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type FunctionOptions, runtimeClientBuilt, startFunction } from './lambda-runtime.ts'

const ECHO = `
  let calls = 0
  export const handler = async (event, context) => {
    if (event.fail) throw new TypeError(event.fail)
    process.stdout.write(JSON.stringify({ call: ++calls, greeting: process.env.GREETING }) + '\\n')
    return { event, calls, id: context.awsRequestId, left: context.getRemainingTimeInMillis() }
  }`

const notBuilt =
  !runtimeClientBuilt() && 'NOT RUN: aws-lambda-ric is not built here (sh test/support/setup.sh --with-runtime)'

for (const runtime of ['ric', 'loop'] as const) {
  describe(`a function under the ${runtime}`, { skip: runtime === 'ric' && notBuilt }, () => {
    it('answers invocations, keeps its state between them, and prints lines', async (t) => {
      const running = await start(t, ECHO, { runtime, environment: { GREETING: 'hello' } })
      const outcome = await running.invoke({ n: 1 }, { timeoutMs: 60_000 })
      assert.equal(outcome.kind, 'response')
      const { left, ...rest } = object(outcome.body)
      assert.deepEqual(rest, { event: { n: 1 }, calls: 1, id: 'request-1' })
      assert.ok(typeof left === 'number' && left > 0 && left <= 60_000)
      assert.equal(object((await running.invoke({})).body)['calls'], 2)
      assert.equal(await running.whenPrinted(/"call":2/), '{"call":2,"greeting":"hello"}')
      assert.equal(running.stdout.filter((line) => line.includes('greeting')).length, 2)
    })

    it('reports what the handler throws', async (t) => {
      const running = await start(t, ECHO, { runtime })
      const outcome = await running.invoke({ fail: 'no such luck' })
      assert.equal(outcome.kind, 'error')
      const { errorType, errorMessage } = object(outcome.body)
      assert.deepEqual([errorType, errorMessage], ['TypeError', 'no such luck'])
    })

    it('answers nothing while frozen, and everything once thawed', async (t) => {
      const running = await start(t, ECHO, { runtime })
      await running.invoke({})
      running.freeze()
      let answered = false
      const answer = running.invoke({}).then((outcome) => {
        answered = true
        return outcome
      })
      const witness = await start(t, ECHO, { runtime: 'loop' }) // A whole cold start passes meanwhile.
      await witness.invoke({})
      assert.equal(answered, false)
      running.thaw()
      assert.equal(object((await answer).body)['calls'], 2)
    })

    it('reports a failed init, and fails its invocations', async (t) => {
      const running = await start(t, `throw new RangeError('broken')`, { runtime })
      await assert.rejects(running.invoke({}), /process ended/)
      assert.equal(object(running.initError)['errorMessage'], 'broken')
      assert.notEqual(await running.exited, 0)
    })
  })
}

describe('the real runtime client', { skip: notBuilt }, () => {
  it('streams a response', async (t) => {
    const source = `export const handler = awslambda.streamifyResponse(async (event, stream) => {
      stream.write('one,')
      stream.end('two')
    })`
    const outcome = await (await start(t, source, { runtime: 'ric' })).invoke({})
    assert.deepEqual([outcome.kind, outcome.text], ['response', 'one,two'])
    assert.equal(outcome.headers['lambda-runtime-function-response-mode'], 'streaming')
  })

  it('runs worker threads and concurrent invocations under AWS_LAMBDA_MAX_CONCURRENCY', async (t) => {
    const source = `import { threadId } from 'node:worker_threads'
    export const handler = async () => threadId`
    const environment = { AWS_LAMBDA_MAX_CONCURRENCY: '8', AWS_LAMBDA_NODEJS_WORKER_COUNT: '2' }
    const running = await start(t, source, { runtime: 'ric', environment })
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => running.invoke({})))
    for (const { body } of outcomes) assert.ok(typeof body === 'number' && body > 0, `a worker thread: ${body}`)
  })
})

async function start(t: TestContext, source: string, options: Partial<FunctionOptions>) {
  const taskRoot = await mkdtemp(join(tmpdir(), 'pinned-fetch-function-'))
  await writeFile(join(taskRoot, 'index.mjs'), source)
  const running = await startFunction({ taskRoot, handler: 'index.handler', ...options })
  t.after(async () => {
    await running.stop()
    await rm(taskRoot, { recursive: true })
  })
  return running
}

function object(value: unknown): Record<string, unknown> {
  assert.ok(typeof value === 'object' && value !== null)
  return { ...value }
}
