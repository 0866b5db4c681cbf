import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager'
import { awsClientOptions, startSecretsEndpoint } from './secrets-endpoint.ts'

const SecretId = 'pins'

describe('the secrets endpoint, asked by the real SDK client', () => {
  it('creates, reads, and keeps the former version as AWSPREVIOUS', async (t) => {
    const { client, endpoint } = await start(t)
    const first = await client.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'one' }))
    const second = await client.send(new PutSecretValueCommand({ SecretId, SecretString: 'two' }))
    const current = await client.send(new GetSecretValueCommand({ SecretId, VersionStage: 'AWSCURRENT' }))
    assert.deepEqual([current.SecretString, current.VersionId], ['two', second.VersionId])
    assert.ok(current.CreatedDate instanceof Date)
    const previous = await client.send(new GetSecretValueCommand({ SecretId: first.ARN, VersionStage: 'AWSPREVIOUS' }))
    assert.equal(previous.SecretString, 'one')
    await client.send(new UpdateSecretCommand({ SecretId, SecretString: 'three' }))
    assert.equal((await client.send(new GetSecretValueCommand({ SecretId }))).SecretString, 'three')
    assert.deepEqual(
      endpoint.requests.map(({ action, versionStage }) => `${action} ${versionStage ?? '-'}`),
      [
        'CreateSecret -',
        'PutSecretValue -',
        'GetSecretValue AWSCURRENT',
        'GetSecretValue AWSPREVIOUS',
        'UpdateSecret -',
        'GetSecretValue -',
      ],
    )
  })

  it('stages a pending version and promotes it, as a rotation does', async (t) => {
    const { client, endpoint } = await start(t)
    const current = endpoint.put(SecretId, 'one')
    const pending = endpoint.put(SecretId, 'two', { stage: 'AWSPENDING' })
    const promote = { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: pending }
    await assert.rejects(client.send(new UpdateSecretVersionStageCommand(promote)), {
      name: 'InvalidParameterException',
    })
    await client.send(new UpdateSecretVersionStageCommand({ ...promote, RemoveFromVersionId: current }))
    const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId }))
    assert.deepEqual(VersionIdsToStages, { [current]: ['AWSPREVIOUS'], [pending]: ['AWSPENDING', 'AWSCURRENT'] })
    assert.equal((await client.send(new GetSecretValueCommand({ SecretId, VersionId: current }))).SecretString, 'one')
  })

  it('carries binary, empty and oversized values', async (t) => {
    const { client, endpoint } = await start(t)
    for (const value of [Buffer.of(0, 255), '', 'x'.repeat(70_000)]) {
      endpoint.put(SecretId, value)
      const { SecretString, SecretBinary } = await client.send(new GetSecretValueCommand({ SecretId }))
      assert.deepEqual(SecretString ?? Buffer.from(SecretBinary ?? []), value)
    }
    const oversized = new PutSecretValueCommand({ SecretId, SecretString: 'x'.repeat(70_000) })
    await assert.rejects(client.send(oversized), { name: 'ValidationException' })
  })

  it('says in the service’s words what is missing', async (t) => {
    const { client, endpoint } = await start(t)
    const get = new GetSecretValueCommand({ SecretId, VersionStage: 'AWSPENDING' })
    await assert.rejects(client.send(get), { name: 'ResourceNotFoundException', message: /the specified secret\.$/ })
    endpoint.put(SecretId, 'one')
    await assert.rejects(client.send(get), { name: 'ResourceNotFoundException', message: /staging label: AWSPENDING/ })
  })

  it('fails as told, and recovers', async (t) => {
    const { client, endpoint } = await start(t)
    endpoint.put(SecretId, 'one')
    const get = () => client.send(new GetSecretValueCommand({ SecretId }))
    for (const code of ['ThrottlingException', 'AccessDeniedException', 'InternalServiceError']) {
      endpoint.fail({ code })
      await assert.rejects(get(), { name: code })
    }
    endpoint.disconnect()
    await assert.rejects(get(), { code: 'ECONNRESET' })
    endpoint.recover()
    assert.equal((await get()).SecretString, 'one')
  })

  it('hangs, delays, and holds one reply while a later one goes out', async (t) => {
    const { client, endpoint } = await start(t)
    endpoint.put(SecretId, 'old')
    const get = (abortSignal?: AbortSignal) =>
      client.send(new GetSecretValueCommand({ SecretId }), abortSignal ? { abortSignal } : {})

    const held = endpoint.hold()
    const late = get()
    await held.asked
    endpoint.put(SecretId, 'new')
    assert.equal((await get()).SecretString, 'new')
    held.release()
    assert.equal((await late).SecretString, 'old')

    endpoint.hang()
    const abort = new AbortController()
    const asked = endpoint.whenRequested()
    const hanging = get(abort.signal)
    assert.equal((await asked).secretId, SecretId)
    abort.abort()
    await assert.rejects(hanging, { name: 'AbortError' })

    const gate = Promise.withResolvers<void>()
    endpoint.delay(gate.promise)
    const delayed = get()
    gate.resolve()
    assert.equal((await delayed).SecretString, 'new')
  })
})

async function start(t: TestContext) {
  const endpoint = await startSecretsEndpoint()
  const client = new SecretsManagerClient(awsClientOptions(endpoint))
  t.after(async () => {
    client.destroy()
    await endpoint.close()
  })
  return { client, endpoint }
}
