import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { bundleFixtures } from './bundle.ts'
import type { CallsResult } from './fixtures/calls.ts'
import { HOST, LOCAL_HOST, OTHER_STRANGE_PIN, prepareScene, STRANGE_PIN } from './scene.ts'

const bundles = bundleFixtures('readme', 'calls')
after(() => bundles.remove())

test('the handler of the README answers, cold and warm, over one connection and by one load of the secret', async (t) => {
  const { partner, secrets, url, start } = await prepareScene(t, bundles)
  const running = await start('readme')
  for (const state of ['cold', 'warm']) {
    const { kind, body } = await running.invoke({ url: url(LOCAL_HOST) })
    assert.deepEqual([kind, body], ['response', { statusCode: 200, body: 'ok' }], state)
  }
  assert.deepEqual(
    partner.recording.received.map(({ connection, url: path }) => [connection, path]),
    [
      [1, '/v1/quotes'],
      [1, '/v1/quotes'],
    ],
  )
  assert.deepEqual(
    secrets.requests.map(({ action, secretId, versionStage }) => [action, secretId, versionStage]),
    [['GetSecretValue', 'prod/partner-pins', 'AWSCURRENT']],
  )
})

test('the handler of the README fails with the reason when the partner shows another key', async (t) => {
  const { partner, url, storePins, start } = await prepareScene(t, bundles)
  storePins({ [LOCAL_HOST]: { pins: [STRANGE_PIN, OTHER_STRANGE_PIN] } })
  const running = await start('readme')
  const { kind, text } = await running.invoke({ url: url(LOCAL_HOST) })
  assert.equal(kind, 'error')
  assert.match(text, /fetch failed/)
  assert.match(await running.whenPrinted(/"PinFailure"/), /no key of its verified path is pinned/)
  await partner.whenConnectionsClosed()
  assert.equal(partner.recording.bytes, 0)
})

test('all three surfaces work under one policy, and a context with open connections is logged like any other', async (t) => {
  const { partner, url, start } = await prepareScene(t, bundles)
  const running = await start('calls')
  const hosts = [HOST, `a.${HOST}`, 'uncovered.test']
  const surfaces = ['fetch', 'agent', 'dispatcher'] as const
  const calls = surfaces.flatMap((surface) => hosts.map((host) => ({ surface, url: url(host) })))
  for (const method of ['GET', 'POST']) {
    const { kind, body, text } = await running.invoke({ calls: calls.map((call) => ({ ...call, method })) })
    assert.equal(kind, 'response', text)
    const { answers, contextJson, enumerable } = body as CallsResult
    const outcomes = answers.map((answer) => ('code' in answer ? answer.code : answer.body))
    assert.deepEqual(
      outcomes,
      surfaces.flatMap(() => ['ok', 'ok', 'ERR_HOST_NOT_COVERED']),
      JSON.stringify(answers),
    )
    assert.equal(JSON.parse(contextJson).functionName, 'kit')
    assert.deepEqual(enumerable, [])
  }
  assert.equal(partner.recording.received.filter(({ body }) => body === 'a body').length, 6)
  // For each host one of the agent, and one that fetch and dispatcher share.
  assert.equal(partner.recording.connections, 4)
})
