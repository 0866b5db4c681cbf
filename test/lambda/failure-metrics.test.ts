import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { bundleFixtures } from './bundle.ts'
import type { CallsEvent } from './fixtures/calls.ts'
import { assertValidEmf, type Line, only } from './metrics-lines.ts'
import { HOST, LOCAL_HOST, OTHER_STRANGE_PIN, prepareScene, STRANGE_PIN, WITHOUT_RUNTIME_CLIENT } from './scene.ts'

const bundles = bundleFixtures('calls', 'own-metrics')
after(() => bundles.remove())

const MISPINNED = { pins: [STRANGE_PIN, OTHER_STRANGE_PIN] }

/** The lines that CloudWatch makes this metric of. */
function linesWith(metric: string, stdout: readonly string[]): Line[] {
  return stdout
    .filter((line) => line.startsWith('{"_aws"') && line.includes(`"${metric}":1`))
    .map((line) => JSON.parse(line))
}

describe('a pin failure', () => {
  test('is on stdout at once, though the handler then hangs until it is killed', async (t) => {
    const { url, storePins, start } = await prepareScene(t, bundles)
    storePins({ [HOST]: MISPINNED })
    const running = await start('calls')
    const event: CallsEvent = { calls: [{ url: url() }], log: 'the handler goes on', end: 'hang' }
    running.invoke(event, { timeoutMs: 600_000 }).catch(() => {})
    await running.whenPrinted(/the handler goes on/)
    await running.stop()
    const place = (fits: RegExp) => running.stdout.findIndex((line) => fits.test(line))
    assert.ok(place(/"PinFailure"/) < place(/the handler goes on/))
    const line = only(linesWith('PinFailure', running.stdout))
    assertValidEmf(line)
    assert.deepEqual([line['code'], line['host'], line['service']], ['ERR_PIN_MISMATCH', HOST, 'kit'])
  })

  for (const end of ['throw', 'exit'] as const) {
    test(`is on stdout, though the handler then ${end === 'throw' ? 'throws' : 'calls process.exit'}`, async (t) => {
      const { url, storePins, start } = await prepareScene(t, bundles)
      storePins({ [HOST]: MISPINNED })
      const running = await start('calls')
      const outcome = running.invoke({ calls: [{ url: url() }], end })
      if (end === 'throw') assert.equal((await outcome).kind, 'error')
      else await assert.rejects(outcome, /process ended with 0/)
      assertValidEmf(JSON.parse(await running.whenPrinted(/"PinFailure":1/)))
    })
  }

  test('stays a metric where the log format is JSON and the log level drops what the handler logs', {
    skip: WITHOUT_RUNTIME_CLIENT,
  }, async (t) => {
    const { url, storePins, start } = await prepareScene(t, bundles)
    storePins({ [HOST]: MISPINNED })
    const environment = { AWS_LAMBDA_LOG_FORMAT: 'JSON', AWS_LAMBDA_LOG_LEVEL: 'ERROR' }
    const running = await start('calls', { environment })
    const outcome = await running.invoke({ calls: [{ url: url() }], log: 'dropped', end: 'throw' })
    assert.equal(outcome.kind, 'error')
    await running.whenPrinted(/the handler gave up/)
    assertValidEmf(only(linesWith('PinFailure', running.stdout)))
    assert.ok(!running.stdout.some((line) => line.includes('dropped')))
  })

  test('goes to the Powertools metrics of the handler’s owner, and leaves the owner’s own as they were', async (t) => {
    const { url, storePins, start } = await prepareScene(t, bundles)
    storePins({ [LOCAL_HOST]: MISPINNED })
    const running = await start('own-metrics')
    assert.equal((await running.invoke({ url: url(LOCAL_HOST) })).body, 'refused')
    await running.whenPrinted(/"OrderPlaced":1/)
    const [failure, order] = ['PinFailure', 'OrderPlaced'].map((metric) => only(linesWith(metric, running.stdout)))
    for (const line of [failure, order]) assert.equal(line?._aws.CloudWatchMetrics[0].Namespace, 'Shop')
    assert.deepEqual(failure?._aws.CloudWatchMetrics[0].Dimensions, [['service'], ['service', 'host']])
    assert.deepEqual(
      [failure?.['service'], failure?.['host'], failure?.['code']],
      ['orders', LOCAL_HOST, 'ERR_PIN_MISMATCH'],
    )
    assert.deepEqual(order?._aws.CloudWatchMetrics[0].Metrics, [{ Name: 'OrderPlaced', Unit: 'Count' }])
    assert.deepEqual(order?._aws.CloudWatchMetrics[0].Dimensions, [['service']])
  })
})
