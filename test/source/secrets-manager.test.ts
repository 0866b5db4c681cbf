/** The Secrets Manager source, by the real SDK over a real socket. */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createGuard, type GuardEvent } from '../../lib/index.ts'
import { secretsManagerSource } from '../../lib/source/secrets-manager.ts'
import { awsClientOptions, startSecretsEndpoint } from '../support/secrets-endpoint.ts'
import { pinOf } from './controllable-source.ts'

const SECRET = 'prod/partner-pins'

const DOCUMENT = { 'a.test': [pinOf(1), pinOf(2)] }

async function endpointWith(t: TestContext, contents: Readonly<Record<string, string | Uint8Array>>) {
  const endpoint = await startSecretsEndpoint()
  t.after(() => endpoint.close())
  const versions = Object.entries(contents).map(([id, value]) => endpoint.put(id, value))
  const sourceOf = (id: string) => secretsManagerSource(id, { clientOptions: awsClientOptions(endpoint) })
  return { endpoint, versions, sourceOf, source: sourceOf(SECRET) }
}

describe('a load', () => {
  it('asks for AWSCURRENT by name, and keeps the version', async (t) => {
    const { endpoint, source, versions } = await endpointWith(t, { [SECRET]: JSON.stringify(DOCUMENT) })
    assert.deepEqual(await source.load(), { document: DOCUMENT, stage: 'AWSCURRENT', version: versions[0] })
    assert.deepEqual(
      endpoint.requests.map(({ action, secretId, versionStage, versionId }) => [
        action,
        secretId,
        versionStage,
        versionId,
      ]),
      [['GetSecretValue', SECRET, 'AWSCURRENT', undefined]],
    )
  })

  it('reads bytes as it reads text', async (t) => {
    const { source } = await endpointWith(t, { [SECRET]: Buffer.from(JSON.stringify(DOCUMENT)) })
    assert.deepEqual((await source.load()).document, DOCUMENT)
  })

  it('never sees a version that is only pending', async (t) => {
    const { endpoint, source, versions } = await endpointWith(t, { [SECRET]: JSON.stringify(DOCUMENT) })
    endpoint.put(SECRET, JSON.stringify({ 'other.test': [pinOf(9)] }), { stage: 'AWSPENDING' })
    const { document, version } = await source.load()
    assert.deepEqual([document, version], [DOCUMENT, versions[0]])
  })

  it('sees the next version as soon as it is current', async (t) => {
    const { endpoint, source } = await endpointWith(t, { [SECRET]: JSON.stringify(DOCUMENT) })
    await source.load()
    const next = endpoint.put(SECRET, '{"b.test":[]}')
    assert.deepEqual(await source.load(), { document: { 'b.test': [] }, stage: 'AWSCURRENT', version: next })
  })

  it('takes an ARN as it takes a name', async (t) => {
    const { endpoint, sourceOf } = await endpointWith(t, { [SECRET]: JSON.stringify(DOCUMENT) })
    const arn = `arn:aws:secretsmanager:us-east-1:123456789012:secret:${SECRET}`
    assert.equal(sourceOf(arn).name, `secret "${arn}"`)
    assert.deepEqual((await sourceOf(arn).load()).document, DOCUMENT)
    assert.equal(endpoint.requests.at(-1)?.secretId, arn)
  })

  it('stops when it is told to', async (t) => {
    const { endpoint, source } = await endpointWith(t, { [SECRET]: JSON.stringify(DOCUMENT) })
    endpoint.hang()
    const abort = new AbortController()
    const asked = endpoint.whenRequested()
    const loading = assert.rejects(source.load(abort.signal), { code: 'ERR_POLICY_UNAVAILABLE', message: /AbortError/ })
    await asked
    abort.abort()
    await loading
  })

  it('is tried a second time when the service throttles once', async (t) => {
    const { endpoint } = await endpointWith(t, { [SECRET]: JSON.stringify(DOCUMENT) })
    const { maxAttempts: _, ...clientOptions } = awsClientOptions(endpoint)
    endpoint.fail({ code: 'ThrottlingException' })
    const asked = endpoint.whenRequested()
    const loading = secretsManagerSource(SECRET, { clientOptions }).load()
    await asked
    endpoint.recover()
    assert.deepEqual((await loading).document, DOCUMENT)
    assert.equal(endpoint.requests.length, 2)
  })

  it('works again after one that failed', async (t) => {
    const { endpoint, source } = await endpointWith(t, { [SECRET]: JSON.stringify(DOCUMENT) })
    endpoint.fail({ code: 'AccessDeniedException' })
    await assert.rejects(source.load(), { code: 'ERR_POLICY_UNAVAILABLE' })
    endpoint.recover()
    assert.deepEqual((await source.load()).document, DOCUMENT)
  })

  it('keeps the SDK’s error as the cause, and only one line of its message', async (t) => {
    const { endpoint, source } = await endpointWith(t, { [SECRET]: JSON.stringify(DOCUMENT) })
    endpoint.fail({ code: 'AccessDeniedException', message: `first line\nsecond line ${'x'.repeat(1_000)}` })
    await assert.rejects(source.load(), (error: Error) => {
      assert.match(error.message, /AccessDeniedException: first line\n {2}hint/)
      assert.equal((error.cause as Error).name, 'AccessDeniedException')
      return true
    })
  })
})

describe('a guard', () => {
  it('joins the hosts of several secrets, and says which versions it uses', async (t) => {
    const contents = { one: JSON.stringify(DOCUMENT), two: JSON.stringify({ 'b.test': [pinOf(3), pinOf(4)] }) }
    const { endpoint, versions } = await endpointWith(t, contents)
    const events: GuardEvent[] = []
    const guard = createGuard({
      secretId: ['one', 'two'],
      awsClientOptions: awsClientOptions(endpoint),
      metrics: false,
      observer: (event) => void events.push(event),
    })
    t.after(() => guard.close())
    const [a, b, c] = await Promise.all(['a.test', 'b.test', 'c.test'].map((host) => guard.explain(host)))
    assert.deepEqual([a?.pattern, b?.pattern, c?.pattern], ['a.test', 'b.test', undefined])
    assert.equal(a?.policyVersion, versions.join())
    const refreshed = events.find((event) => event.type === 'policy-refreshed')
    assert.deepEqual(
      [refreshed?.source, refreshed?.stage, refreshed?.version],
      ['secret "one", secret "two"', 'AWSCURRENT', versions.join()],
    )
    assert.deepEqual(endpoint.requests.map(({ secretId }) => secretId).sort(), ['one', 'two'])
  })

  it('asks nobody before it is wanted when prefetching is off', async (t) => {
    const { endpoint } = await endpointWith(t, { [SECRET]: JSON.stringify(DOCUMENT) })
    const options = { secretId: SECRET, awsClientOptions: awsClientOptions(endpoint), metrics: false } as const
    const lazy = createGuard({ ...options, disablePrefetch: true })
    const eager = createGuard(options)
    t.after(() => Promise.all([lazy.close(), eager.close()]))
    await eager.ready()
    assert.equal(endpoint.requests.length, 1)
    await lazy.ready()
    assert.equal(endpoint.requests.length, 2)
  })
})
