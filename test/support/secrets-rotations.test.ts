/**
 * RotateSecret of the kit, as the user guide and the API reference of AWS Secrets Manager have it.
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager'
import { awsClientOptions, type RotationEvent, startSecretsEndpoint } from './secrets-endpoint.ts'

const SecretId = 'pins'
const RotationLambdaARN = 'arn:aws:lambda:us-east-1:123456789012:function:rotation'
const FIRST = 'a'.repeat(36)
const TOKEN = 'b'.repeat(36)

async function start(t: TestContext) {
  const endpoint = await startSecretsEndpoint()
  const client = new SecretsManagerClient(awsClientOptions(endpoint))
  t.after(async () => {
    client.destroy()
    await endpoint.close()
  })
  endpoint.put(SecretId, 'one', { versionId: FIRST })
  const rotate = (input: object = {}) =>
    client.send(new RotateSecretCommand({ SecretId, RotationLambdaARN, ClientRequestToken: TOKEN, ...input }))
  const stages = async () => (await client.send(new DescribeSecretCommand({ SecretId }))).VersionIdsToStages
  /** What a rotation function of AWS does in its first and its last step. */
  const honest = async ({ Step, SecretId: arn, ClientRequestToken: token }: RotationEvent) => {
    const put = { SecretId: arn, ClientRequestToken: token, SecretString: 'two', VersionStages: ['AWSPENDING'] }
    const move = { SecretId: arn, VersionStage: 'AWSCURRENT', RemoveFromVersionId: FIRST, MoveToVersionId: token }
    if (Step === 'createSecret') await client.send(new PutSecretValueCommand(put))
    if (Step === 'finishSecret') await client.send(new UpdateSecretVersionStageCommand(move))
    return { kind: 'response', body: null } as const
  }
  return { endpoint, client, rotate, stages, honest }
}

describe('a rotation of the kit', () => {
  it('puts AWSPENDING on an empty version, and calls the four steps', async (t) => {
    const { endpoint, client, rotate, stages, honest } = await start(t)
    const seen: unknown[] = []
    endpoint.rotateWith(async (event) => {
      if (event.Step === 'createSecret') {
        seen.push(await stages())
        const read = { SecretId, VersionId: TOKEN, VersionStage: 'AWSPENDING' }
        await assert.rejects(client.send(new GetSecretValueCommand(read)), { name: 'ResourceNotFoundException' })
      }
      return await honest(event)
    })
    const ended = endpoint.whenRotated()
    assert.equal((await rotate()).VersionId, TOKEN)
    const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret']
    assert.deepEqual(await ended, { token: TOKEN, steps, failure: undefined })
    assert.deepEqual(seen, [{ [FIRST]: ['AWSCURRENT'], [TOKEN]: ['AWSPENDING'] }])
    assert.deepEqual(await stages(), { [FIRST]: ['AWSPREVIOUS'], [TOKEN]: ['AWSPENDING', 'AWSCURRENT'] })
    const { RotationEnabled } = await client.send(new DescribeSecretCommand({ SecretId }))
    assert.equal(RotationEnabled, true)
  })

  it('may take AWSPENDING away in the end', async (t) => {
    const { endpoint, rotate, stages, honest } = await start(t)
    endpoint.rotateWith(honest, { cleans: true })
    const ended = endpoint.whenRotated()
    await rotate()
    await ended
    assert.deepEqual(await stages(), { [FIRST]: ['AWSPREVIOUS'], [TOKEN]: ['AWSCURRENT'] })
  })

  it('stops at the first failure, leaves AWSPENDING, and is attempted again in the place of another', async (t) => {
    const { endpoint, rotate, stages, honest } = await start(t)
    endpoint.rotateWith(async (event) =>
      event.Step === 'testSecret' ? { kind: 'error', body: 'no' } : await honest(event),
    )
    const failed = endpoint.whenRotated()
    await rotate()
    assert.deepEqual(await failed, { token: TOKEN, steps: ['createSecret', 'setSecret', 'testSecret'], failure: 'no' })
    assert.deepEqual(await stages(), { [FIRST]: ['AWSCURRENT'], [TOKEN]: ['AWSPENDING'] })
    endpoint.rotateWith(honest)
    const again = endpoint.whenRotated()
    await assert.rejects(rotate({ ClientRequestToken: 'c'.repeat(36) }), {
      name: 'InvalidRequestException',
      message: /A previous rotation isn't complete/,
    })
    assert.equal((await again).token, TOKEN)
    assert.deepEqual(await stages(), { [FIRST]: ['AWSPREVIOUS'], [TOKEN]: ['AWSPENDING', 'AWSCURRENT'] })
  })

  it('only tests, with a version that goes again, where it is not to begin at once', async (t) => {
    const { endpoint, rotate, stages, honest } = await start(t)
    endpoint.rotateWith(honest)
    const ended = endpoint.whenRotated()
    await rotate({ RotateImmediately: false })
    assert.deepEqual((await ended).steps, ['testSecret'])
    assert.deepEqual(await stages(), { [FIRST]: ['AWSCURRENT'] })
  })

  it('needs a function', async (t) => {
    const { client } = await start(t)
    await assert.rejects(client.send(new RotateSecretCommand({ SecretId })), { name: 'InvalidRequestException' })
  })
})

describe('the labels of a secret of the kit', () => {
  it('are at most twenty', async (t) => {
    const { endpoint, client } = await start(t)
    for (let label = 1; label < 20; label++) endpoint.put(SecretId, 'one', { stage: `Label${label}` })
    const move = { SecretId, VersionStage: 'Label20', MoveToVersionId: FIRST }
    await assert.rejects(client.send(new UpdateSecretVersionStageCommand(move)), { name: 'LimitExceededException' })
  })
})
