import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { RunningFunction } from '../support/lambda-runtime.ts'
import { bundleFixtures } from './bundle.ts'
import type { NeighboursEvent } from './fixtures/neighbours.ts'
import { LOCAL_HOST, OTHER_STRANGE_PIN, prepareScene, STRANGE_PIN } from './scene.ts'

const bundles = bundleFixtures('neighbours')
after(() => bundles.remove())

/** The answer, or the message of the error. */
async function outcome(running: RunningFunction, event: NeighboursEvent): Promise<unknown> {
  const { body } = await running.invoke(event)
  return typeof body === 'object' && body !== null && 'errorMessage' in body ? body.errorMessage : body
}

test('the guard goes on working whatever other middlewares and the handler do', async (t) => {
  const { partner, secrets, url, start } = await prepareScene(t, bundles)
  const running = await start('neighbours')
  const event = { url: url(LOCAL_HOST) }
  const unusual: [Omit<NeighboursEvent, 'url'>, string][] = [
    [{ answer: 'before the guard' }, 'answered before the guard'],
    [{ answer: 'after the guard' }, 'answered after the guard'],
    [{ throw: 'before the guard' }, 'thrown before the guard'],
    [{ throw: 'after the guard' }, 'thrown after the guard'],
    [{ throw: 'after the guard', onError: 'answers' }, 'onError got ok'],
    [{ throw: 'in the handler' }, 'thrown in the handler'],
    [{ throw: 'in the handler', onError: 'answers' }, 'onError got ok'],
    [{ throw: 'in the handler', onError: 'throws' }, 'thrown by onError'],
  ]
  for (const [what, expected] of unusual) {
    assert.equal(await outcome(running, { ...event, ...what }), expected)
    assert.equal(await outcome(running, event), 'the handler got ok', `after ${JSON.stringify(what)}`)
  }
  // undici opens a second one for a call made in the same breath as the end of another's body.
  assert.ok(partner.recording.connections <= 2, `${partner.recording.connections} connections`)
  assert.equal(secrets.requests.length, 1)
})

test('the guard goes on refusing whatever other middlewares and the handler do', async (t) => {
  const { partner, url, storePins, start } = await prepareScene(t, bundles)
  storePins({ [LOCAL_HOST]: { pins: [STRANGE_PIN, OTHER_STRANGE_PIN] } })
  const running = await start('neighbours')
  const event = { url: url(LOCAL_HOST) }
  const unusual: Omit<NeighboursEvent, 'url'>[] = [
    { answer: 'before the guard' },
    { throw: 'after the guard', onError: 'answers' },
    { throw: 'in the handler' },
  ]
  for (const what of unusual) {
    await outcome(running, { ...event, ...what })
    assert.equal(await outcome(running, event), 'fetch failed', `after ${JSON.stringify(what)}`)
  }
  await running.whenPrinted(/"PinFailure":1/)
  await partner.whenConnectionsClosed()
  assert.equal(partner.recording.bytes, 0)
})
