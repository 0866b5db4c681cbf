/**
 * The preload as it is deployed: one file beside a bundled handler, in `NODE_OPTIONS`, under Lambda's own runtime client.
 */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, describe, it, type TestContext } from 'node:test'
import { type RunningFunction, type Runtime, runtimeClientBuilt, startFunction } from '../support/lambda-runtime.ts'
import { bundlePreload } from './register/bundle.ts'
import { prepareScene, type Scene, SECRET_ID } from './register/scene.ts'

const WITHOUT_RUNTIME_CLIENT: string | false = runtimeClientBuilt()
  ? false
  : 'NOT RUN: aws-lambda-ric is not built here (sh test/support/setup.sh --with-runtime)'

const bundle = await bundlePreload()
after(() => bundle.remove())

const REFUSED_THEN_ANSWERED = ['ERR_PIN_MISMATCH', 'ERR_PIN_MISMATCH', 200, 200]

async function start(
  t: TestContext,
  { environment }: Scene,
  more: Readonly<Record<string, string>> = {},
  runtime?: Runtime,
): Promise<RunningFunction> {
  const running = await startFunction({
    taskRoot: bundle.taskRoot,
    handler: 'handler.handler',
    environment: {
      ...(environment as Record<string, string>),
      NODE_OPTIONS: `--import ${join(bundle.taskRoot, 'register.mjs')}`,
      ...more,
    },
    ...(runtime === undefined ? {} : { runtime }),
  })
  t.after(() => running.stop())
  return running
}

describe('a bundled function with the preload', () => {
  for (const [title, runtime, skip] of [
    ['aws-lambda-ric', 'ric', WITHOUT_RUNTIME_CLIENT],
    // It asks for its invocations by http.request, past a policy whose default is "deny".
    ['a runtime that speaks by http.request', 'loop', false],
  ] as const) {
    it(`is pinned, cold and warm, under ${title}`, { skip }, async (t) => {
      const scene = await prepareScene(t)
      const { bad, good, url } = scene
      const running = await start(t, scene, {}, runtime)
      for (const state of ['cold', 'warm']) {
        const { kind, body, text } = await running.invoke({ urls: [url(bad), url(good)] })
        assert.equal(kind, 'response', text)
        assert.deepEqual(body, REFUSED_THEN_ANSWERED, state)
      }
      await bad.whenConnectionsClosed()
      assert.equal(bad.recording.bytes, 0)
      assert.match(await running.whenPrinted(/"PinFailure"/), /no key of its verified path is pinned/)
    })
  }

  it('is pinned in every thread of Managed Instances', { skip: WITHOUT_RUNTIME_CLIENT }, async (t) => {
    const scene = await prepareScene(t)
    const { bad, good, secrets, url } = scene
    const running = await start(t, scene, { AWS_LAMBDA_MAX_CONCURRENCY: '4', AWS_LAMBDA_NODEJS_WORKER_COUNT: '2' })
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => running.invoke({ urls: [url(bad), url(good)] })))
    for (const { body, text } of outcomes) assert.deepEqual(body, REFUSED_THEN_ANSWERED, text)
    assert.equal(bad.recording.bytes, 0)
    assert.ok(secrets.requests.every(({ secretId }) => secretId === SECRET_ID))
  })

  it('does not start without its settings', async (t) => {
    const scene = await prepareScene(t)
    const running = await start(t, scene, { PINNED_FETCH_SECRET_ID: '' })
    assert.equal(await running.exited, 1)
    assert.ok(running.stderr.some((line) => line.includes('PINNED_FETCH_SECRET_ID')))
  })
})
