/**
 * The versions and staging labels of the kit, as the API reference of AWS Secrets Manager (2017-10-17) has them.
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager'
import { awsClientOptions, startSecretsEndpoint } from './secrets-endpoint.ts'

const SecretId = 'pins'
const TOKENS = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(36))
const [FIRST = '', SECOND = '', THIRD = ''] = TOKENS

async function start(t: TestContext) {
  const endpoint = await startSecretsEndpoint()
  const client = new SecretsManagerClient(awsClientOptions(endpoint))
  t.after(async () => {
    client.destroy()
    await endpoint.close()
  })
  const put = (ClientRequestToken: string, SecretString: string, VersionStages?: string[]) =>
    client.send(
      new PutSecretValueCommand({
        SecretId,
        ClientRequestToken,
        SecretString,
        ...(VersionStages && { VersionStages }),
      }),
    )
  const move = (VersionStage: string, RemoveFromVersionId?: string, MoveToVersionId?: string) =>
    client.send(
      new UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage,
        ...(RemoveFromVersionId && { RemoveFromVersionId }),
        ...(MoveToVersionId && { MoveToVersionId }),
      }),
    )
  const stages = async () => (await client.send(new DescribeSecretCommand({ SecretId }))).VersionIdsToStages
  return { endpoint, client, put, move, stages }
}

describe('a new version of the kit', () => {
  it('takes the token for its id, and takes AWSCURRENT where no stage is given', async (t) => {
    const { client, put, stages } = await start(t)
    await client.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'one', ClientRequestToken: FIRST }))
    assert.equal((await put(SECOND, 'two')).VersionId, SECOND)
    assert.deepEqual(await stages(), { [FIRST]: ['AWSPREVIOUS'], [SECOND]: ['AWSCURRENT'] })
    await put(THIRD, 'three')
    assert.deepEqual(await stages(), { [SECOND]: ['AWSPREVIOUS'], [THIRD]: ['AWSCURRENT'] })
  })

  it('is made once for a token: the same value again is ignored, stages too, and another value fails', async (t) => {
    const { client, put, move, stages } = await start(t)
    await client.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'one', ClientRequestToken: FIRST }))
    assert.deepEqual((await put(SECOND, 'two', ['AWSPENDING'])).VersionStages, ['AWSPENDING'])
    assert.deepEqual((await put(SECOND, 'two', ['AWSPENDING'])).VersionStages, ['AWSPENDING'])
    await assert.rejects(put(SECOND, 'other'), { name: 'ResourceExistsException' })
    await move('AWSPENDING', SECOND)
    assert.deepEqual((await put(SECOND, 'two', ['AWSPENDING'])).VersionStages, [])
    assert.deepEqual(await stages(), { [FIRST]: ['AWSCURRENT'] })
  })

  it('takes a stage from another version, and AWSCURRENT when it is the first one', async (t) => {
    const { client, put, stages } = await start(t)
    await client.send(new CreateSecretCommand({ Name: SecretId }))
    assert.equal(await stages(), undefined)
    await put(FIRST, 'one', ['AWSPENDING'])
    assert.deepEqual(await stages(), { [FIRST]: ['AWSCURRENT', 'AWSPENDING'] })
    await put(SECOND, 'two', ['AWSPENDING'])
    assert.deepEqual(await stages(), { [FIRST]: ['AWSCURRENT'], [SECOND]: ['AWSPENDING'] })
  })

  it('needs a token of 32 to 64 characters, one value, and at least one stage', async (t) => {
    const { client, put, endpoint } = await start(t)
    endpoint.put(SecretId, 'one')
    await assert.rejects(put('short', 'two'), { name: 'InvalidParameterException', message: /32-64/ })
    await assert.rejects(put(FIRST, 'two', []), { name: 'ValidationException' })
    const both = new PutSecretValueCommand({ SecretId, SecretString: 'two', SecretBinary: Buffer.of(1) })
    await assert.rejects(client.send(both), { name: 'InvalidParameterException' })
  })
})

describe('a stage of the kit', () => {
  it('moves only from the version that the request names', async (t) => {
    const { endpoint, put, move, stages } = await start(t)
    endpoint.put(SecretId, 'one', { versionId: FIRST })
    await put(SECOND, 'two', ['AWSPENDING'])
    await put(THIRD, 'three', ['SPARE'])
    for (const from of [undefined, SECOND, THIRD]) {
      await assert.rejects(move('AWSCURRENT', from, SECOND), { name: 'InvalidParameterException' })
    }
    await assert.rejects(move('AWSCURRENT', FIRST, 'unknown'), { message: /Not a valid version/ })
    await move('AWSCURRENT', FIRST, SECOND)
    assert.deepEqual(await stages(), {
      [FIRST]: ['AWSPREVIOUS'],
      [SECOND]: ['AWSPENDING', 'AWSCURRENT'],
      [THIRD]: ['SPARE'],
    })
    await assert.rejects(move('AWSCURRENT', FIRST, SECOND), { name: 'InvalidParameterException' })
    await move('AWSCURRENT', undefined, SECOND)
  })

  it('AWSPREVIOUS goes with AWSCURRENT, also when that moves back', async (t) => {
    const { endpoint, move, stages } = await start(t)
    endpoint.put(SecretId, 'one', { versionId: FIRST })
    endpoint.put(SecretId, 'two', { versionId: SECOND })
    await move('AWSCURRENT', SECOND, FIRST)
    assert.deepEqual(await stages(), { [FIRST]: ['AWSCURRENT'], [SECOND]: ['AWSPREVIOUS'] })
  })

  it('is removed by naming where it is; AWSCURRENT never', async (t) => {
    const { endpoint, put, move, stages } = await start(t)
    endpoint.put(SecretId, 'one', { versionId: FIRST })
    await put(SECOND, 'two', ['AWSPENDING'])
    await assert.rejects(move('AWSCURRENT', FIRST), { message: /can’t be completely removed/ })
    await assert.rejects(move('AWSPENDING', FIRST), { name: 'InvalidParameterException' })
    await assert.rejects(move('AWSPENDING'), { name: 'InvalidParameterException' })
    await move('AWSPENDING', SECOND)
    assert.deepEqual(await stages(), { [FIRST]: ['AWSCURRENT'] })
  })
})

describe('a version of the kit without a stage', () => {
  it('is deprecated: not listed unless asked for, still readable by its id, and takes a stage again', async (t) => {
    const { client, endpoint, move } = await start(t)
    endpoint.put(SecretId, 'one', { versionId: FIRST })
    endpoint.put(SecretId, 'two', { versionId: SECOND })
    endpoint.put(SecretId, 'three', { versionId: THIRD })
    const list = async (IncludeDeprecated: boolean) => {
      const { Versions = [] } = await client.send(new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated }))
      return Versions.map(({ VersionId, VersionStages }) => [VersionId, VersionStages])
    }
    const staged = [
      [SECOND, ['AWSPREVIOUS']],
      [THIRD, ['AWSCURRENT']],
    ]
    assert.deepEqual(await list(false), staged)
    assert.deepEqual(await list(true), [[FIRST, undefined], ...staged])
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId, VersionId: FIRST }))
    assert.equal(SecretString, 'one')
    await move('AWSPENDING', undefined, FIRST)
    assert.equal((await list(false)).length, 3)
  })

  it('is listed in pages, with dates', async (t) => {
    const { client, endpoint } = await start(t)
    for (const value of ['one', 'two', 'three']) endpoint.put(SecretId, value)
    const first = await client.send(
      new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated: true, MaxResults: 2 }),
    )
    assert.equal(first.Versions?.length, 2)
    assert.ok(first.Versions?.every(({ CreatedDate }) => CreatedDate instanceof Date))
    const rest = await client.send(
      new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated: true, NextToken: first.NextToken }),
    )
    assert.deepEqual([rest.Versions?.length, rest.NextToken], [1, undefined])
  })
})

describe('a cut of the kit', () => {
  it('resets the connection of one request, before it is done or after', async (t) => {
    const { endpoint, put, stages } = await start(t)
    endpoint.put(SecretId, 'one', { versionId: FIRST })
    endpoint.cut(2, 'before')
    await stages()
    await assert.rejects(put(SECOND, 'two'), { code: 'ECONNRESET' })
    assert.deepEqual(await stages(), { [FIRST]: ['AWSCURRENT'] })
    endpoint.cut(1, 'after')
    await assert.rejects(put(SECOND, 'two'), { code: 'ECONNRESET' })
    assert.deepEqual(await stages(), { [FIRST]: ['AWSPREVIOUS'], [SECOND]: ['AWSCURRENT'] })
  })
})
