import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { bundleFixtures } from './bundle.ts'
import type { Answer, CallsResult } from './fixtures/calls.ts'
import { assertValidEmf } from './metrics-lines.ts'
import { HOST, OTHER_STRANGE_PIN, pinned, prepareScene, STRANGE_PIN, WITHOUT_RUNTIME_CLIENT } from './scene.ts'

const bundles = bundleFixtures('calls')
after(() => bundles.remove())

const THREADS = 2
/** Worker threads, each with as many invocations at once as it is given: the kit's Runtime API sets no limit. */
const MANAGED_INSTANCES = { AWS_LAMBDA_MAX_CONCURRENCY: '8', AWS_LAMBDA_NODEJS_WORKER_COUNT: String(THREADS) }
const INVOCATIONS = 40

describe('on Managed Instances', { skip: WITHOUT_RUNTIME_CLIENT }, () => {
  test('forty invocations at once each get their own answer, two of them their own refusal', async (t) => {
    const together = Promise.withResolvers<void>()
    let arrived = 0
    const scene = await prepareScene(t, bundles, {
      async respond({ url: path, headers }) {
        // None is answered before all but the two refused ones have arrived.
        if (++arrived === INVOCATIONS - 2) together.resolve()
        await together.promise
        return { body: `${headers['host']}${path}` }
      },
    })
    const { partner, pin, secrets, url, storePins, start } = scene
    const mispinned = { pins: [STRANGE_PIN, OTHER_STRANGE_PIN] }
    storePins({ ...pinned(pin), [`17.${HOST}`]: mispinned })
    const hostOf = (n: number) => (n === 23 ? 'uncovered.test' : `${n}.${HOST}`)
    const running = await start('calls', { environment: MANAGED_INSTANCES })
    let loaded = 0
    await running.whenPrinted((line) => line.includes('"PolicyRefresh":1') && ++loaded === THREADS)

    const outcomes = await Promise.all(
      Array.from({ length: INVOCATIONS }, (_, n) =>
        running.invoke(
          {
            calls: [{ url: url(hostOf(n), `/${n}`), surface: (['fetch', 'agent', 'dispatcher'] as const)[n % 3] }],
            log: `invocation ${n}`,
          },
          { timeoutMs: 60_000 },
        ),
      ),
    )

    const results = outcomes.map(({ body, text }) => {
      assert.ok(typeof body === 'object' && body !== null && 'answers' in body, text)
      return body as CallsResult
    })
    for (const [n, { answers }] of results.entries()) {
      const expected =
        n === 17 ? 'ERR_PIN_MISMATCH' : n === 23 ? 'ERR_HOST_NOT_COVERED' : `${hostOf(n)}:${partner.port}/${n}`
      assert.deepEqual(answers.map(outcomeOf), [expected])
    }
    const threads = new Set(results.map(({ thread }) => thread))
    assert.ok(!threads.has(0) && threads.size <= THREADS, `threads ${[...threads]}`)
    // Each thread loaded once, in INIT; the mismatch asked once more.
    assert.equal(secrets.requests.length, THREADS + 1)

    await running.whenPrinted(/"PinFailure":1/)
    await running.whenPrinted(/"HostRefused":1/)
    const lines = running.stdout.map((line) => JSON.parse(line) as Record<string, unknown>)
    const metrics = lines.filter((line) => '_aws' in line)
    for (const line of metrics) assertValidEmf(line as never)
    assert.equal(metrics.filter((line) => 'PinFailure' in line).length, 1)
    assert.equal(metrics.filter((line) => 'HostRefused' in line).length, 1)
  })

  test('a failure is on stdout though the handler then ends its thread', async (t) => {
    const { url, storePins, start } = await prepareScene(t, bundles)
    storePins({ [HOST]: { pins: [STRANGE_PIN, OTHER_STRANGE_PIN] } })
    const running = await start('calls', { environment: { ...MANAGED_INSTANCES, AWS_LAMBDA_NODEJS_WORKER_COUNT: '1' } })
    running.invoke({ calls: [{ url: url() }], end: 'exit' }).catch(() => {})
    assertValidEmf(JSON.parse(await running.whenPrinted(/"PinFailure":1/)))
  })
})

function outcomeOf(answer: Answer): string {
  return 'code' in answer ? answer.code : answer.body
}
