import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { FREEZE_PAUSE_MS } from '../../lib/net/idle.ts'
import { LOAD_DEADLINE_MS } from '../../lib/source/store.ts'
import type { RunningFunction } from '../support/lambda-runtime.ts'
import { startTlsServer, type TlsServerOptions } from '../support/tls-server.ts'
import { bundleFixtures } from './bundle.ts'
import type { Call, CallsResult } from './fixtures/calls.ts'
import { HOST, OTHER_STRANGE_PIN, pinned, prepareScene, SECRET_ID, STRANGE_PIN } from './scene.ts'

const bundles = bundleFixtures('calls')
after(() => bundles.remove())

/**
 * Stops the process as Lambda does between invocations. The pause is real time, because a stopped process learns of it
 * by nothing but the wall clock, and what counts as a freeze is stated in seconds; it is kept as short as that allows.
 */
async function sleepFrozen(running: RunningFunction, pauseMs = FREEZE_PAUSE_MS + 100): Promise<void> {
  running.freeze()
  await setTimeout(pauseMs)
}

async function outcomes(running: RunningFunction, calls: readonly Call[]) {
  const { kind, body, text } = await running.invoke({ calls })
  assert.equal(kind, 'response', text)
  const { answers } = body as CallsResult
  return answers.map((answer) => ('code' in answer ? answer.code : answer.status))
}

/** What comes first: the secret is asked for again, or the refresh is given up. */
function nextOfRefresh(running: RunningFunction, asked: Promise<unknown>): Promise<string> {
  const failed = running.whenPrinted(/"PolicyRefreshFailure"/).then(() => 'a failure is written')
  return Promise.race([failed, asked.then(() => 'the secret is asked for')])
}

/** A partner that has forgotten every connection by its second request, as a NAT or a load balancer does. */
function forgetful(): TlsServerOptions {
  const known = new Set<number>()
  return {
    respond({ connection }) {
      if (known.has(connection)) return 'destroy'
      known.add(connection)
      return {}
    },
  }
}

describe('after a freeze', { concurrency: true }, () => {
  test('no surface uses a connection from before: calls succeed, POST included, though the partner dropped or forgot them', async (t) => {
    const { partner, chain, url, start } = await prepareScene(t, bundles, forgetful())
    const http2 = await startTlsServer(chain, { ...forgetful(), http2: true })
    t.after(() => http2.close())
    const running = await start('calls')
    const calls = (method: 'GET' | 'POST'): Call[] => [
      { surface: 'fetch', method, url: url(`fetch.${HOST}`) },
      { surface: 'agent', method, url: url(`agent.${HOST}`) },
      { surface: 'dispatcher', method, url: url(`dispatcher.${HOST}`) },
      { surface: 'fetch', method, url: `https://fetch.${HOST}:${http2.port}/` },
      { surface: 'dispatcher', method, url: `https://dispatcher.${HOST}:${http2.port}/` },
    ]
    assert.deepEqual(await outcomes(running, calls('GET')), [200, 200, 200, 200, 200])

    await sleepFrozen(running)
    running.thaw()
    assert.deepEqual(await outcomes(running, calls('POST')), [200, 200, 200, 200, 200])

    running.freeze()
    for (const server of [partner, http2]) server.destroyConnections('reset')
    await sleepFrozen(running)
    running.thaw()
    assert.deepEqual(await outcomes(running, calls('POST')), [200, 200, 200, 200, 200])

    for (const { recording } of [partner, http2]) {
      const connections = recording.received.map(({ connection }) => connection)
      assert.equal(new Set(connections).size, connections.length, 'a request was written to an old connection')
    }
    assert.ok(http2.recording.received.every(({ httpVersion }) => httpVersion === '2.0'))
  })

  for (const [how, pauseMs] of [
    ['shorter', FREEZE_PAUSE_MS + 100],
    ['longer', LOAD_DEADLINE_MS + 600],
  ] as const) {
    test(`a refresh that was running is started anew and counts as no failure: a freeze ${how} than a load may take`, async (t) => {
      const { secrets, url, storePins, start } = await prepareScene(t, bundles)
      storePins({ [HOST]: { pins: [STRANGE_PIN, OTHER_STRANGE_PIN], mode: 'report' } })
      const running = await start('calls')
      await running.whenPrinted(/"PolicyRefresh"/)
      // What mode "report" let through asks for the secret once more, beside the call. The answer is lost.
      const lost = secrets.hold()
      assert.deepEqual(await outcomes(running, [{ url: url() }]), [200])
      await lost.asked
      await sleepFrozen(running, pauseMs)
      const asked = secrets.whenRequested()
      running.thaw()
      assert.deepEqual(await outcomes(running, [{ url: url() }]), [200])
      assert.equal(await nextOfRefresh(running, asked), 'the secret is asked for')
      await running.whenPrinted((line) => line.includes('"PolicyRefresh"') && line.includes('"changed":false'))
      assert.equal(running.stdout.filter((line) => line.includes('PolicyRefreshFailure')).length, 0)
    })
  }

  test('the first invocation succeeds though the load of the INIT phase was caught by it', async (t) => {
    const { secrets, url, start } = await prepareScene(t, bundles)
    const lost = secrets.hold()
    const running = await start('calls')
    assert.equal((await lost.asked).secretId, SECRET_ID)
    await sleepFrozen(running)
    running.thaw()
    assert.deepEqual(await outcomes(running, [{ url: url() }]), [200])
    assert.equal(running.stdout.filter((line) => line.includes('PolicyRefreshFailure')).length, 0)
  })

  test('the first call waits for the policy of now when the last one is older than twice cacheExpiry', async (t) => {
    const { partner, pin, url, storePins, start } = await prepareScene(t, bundles)
    const running = await start('calls', { guard: { cacheExpiry: FREEZE_PAUSE_MS / 2 } })
    assert.deepEqual(await outcomes(running, [{ url: url() }, { surface: 'agent', url: url() }]), [200, 200])
    storePins({ ...pinned(pin), [HOST]: { pins: [STRANGE_PIN, OTHER_STRANGE_PIN] } })
    await sleepFrozen(running)
    const { bytes } = partner.recording
    running.thaw()
    const calls: Call[] = [{ url: url() }, { surface: 'agent', url: url() }, { surface: 'dispatcher', url: url() }]
    assert.deepEqual(await outcomes(running, calls), ['ERR_PIN_MISMATCH', 'ERR_PIN_MISMATCH', 'ERR_PIN_MISMATCH'])
    await partner.whenConnectionsClosed()
    assert.equal(partner.recording.bytes, bytes)
  })
})
