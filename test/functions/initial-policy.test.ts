/**
 * The function that puts the first policy into a secret: its bundle as deployed, under the runtime client, with the real SDK
 * against Secrets Manager on loopback, answering a CloudFormation on loopback.
 */

import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { bundleFile } from '../../infra/bundle-file.ts'
import { seal } from '../../lib/cli/sign/seal.ts'
import { parseVerifyKey } from '../../lib/source/verify-key.ts'
import { leafOf, rootAuthority } from '../support/authority.ts'
import { type RunningFunction, startFunction } from '../support/lambda-runtime.ts'
import { awsEnvironment, type SecretsEndpoint, startSecretsEndpoint } from '../support/secrets-endpoint.ts'
import { type StackWatcher, watchStack } from './custom-resource.ts'

const PINS = [
  'sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME=',
  'sha256/klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY=',
]
const POLICY = JSON.stringify({ version: 1, serial: 1, hosts: { 'api.partner.example': { pins: PINS } } })
const EDITED = JSON.stringify({ version: 1, serial: 2, hosts: { 'api.other.example': { pins: PINS } } })

const taskRoot = mkdtempSync(join(tmpdir(), 'pinned-fetch-initial-policy-'))
before(() => {
  bundleFile(fileURLToPath(new URL('../../functions/initial-policy.ts', import.meta.url)), join(taskRoot, 'index.mjs'))
})
after(() => rmSync(taskRoot, { recursive: true }))

interface Scene {
  readonly fn: RunningFunction
  readonly secrets: SecretsEndpoint
  readonly stack: StackWatcher
  readonly secretId: string
  /** The value that guards read, and whether a version is there at all. */
  current(): Promise<string | undefined>
  actions(): string[]
}

async function scene(t: TestContext, environment: Record<string, string> = {}, stack?: StackWatcher): Promise<Scene> {
  const secrets = await startSecretsEndpoint()
  const watcher = stack ?? (await watchStack())
  const { SecretsManagerClient, CreateSecretCommand, GetSecretValueCommand } = await import(
    '@aws-sdk/client-secrets-manager'
  )
  const client = new SecretsManagerClient({
    endpoint: secrets.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'not-a-secret' },
  })
  // As the template makes it: without a value.
  const { ARN: secretId = '' } = await client.send(new CreateSecretCommand({ Name: 'Guard/Pins' }))
  const setUp = secrets.requests.length
  const fn = await startFunction({
    taskRoot,
    handler: 'index.handler',
    environment: { ...awsEnvironment(secrets), PINNED_FETCH_SECRET_ID: secretId, ...environment },
  })
  t.after(async () => {
    client.destroy()
    await fn.stop()
    await watcher.close()
    await secrets.close()
  })
  return {
    fn,
    secrets,
    stack: watcher,
    secretId,
    current: () =>
      client.send(new GetSecretValueCommand({ SecretId: secretId, VersionStage: 'AWSCURRENT' })).then(
        ({ SecretString }) => SecretString,
        () => undefined,
      ),
    actions: () => secrets.requests.slice(setUp).map(({ action }) => action),
  }
}

describe('the initial policy', () => {
  it('is put into a secret that has no value, and CloudFormation is told so', async (t) => {
    const { fn, stack, secretId, current } = await scene(t)
    const event = stack.event('Create', { SecretId: secretId, Policy: POLICY })
    const { kind } = await fn.invoke(event)
    assert.equal(kind, 'response')
    assert.equal(await current(), POLICY)
    const [taken, ...others] = stack.answers
    assert.deepEqual(others, [])
    assert.deepEqual(taken?.answer, {
      Status: 'SUCCESS',
      PhysicalResourceId: secretId,
      StackId: event['StackId'],
      RequestId: event['RequestId'],
      LogicalResourceId: 'Policy',
      Data: { Outcome: 'written' },
    })
    assert.equal(taken?.request.method, 'PUT')
    // What the URL is signed for.
    assert.equal(taken?.request.headers['content-type'], '')
    assert.equal(taken?.request.headers['content-length'], String(Buffer.byteLength(taken?.text ?? '')))
  })

  it('is put there once: the same event again, as Lambda sends it again, changes nothing', async (t) => {
    const { fn, stack, secretId, current } = await scene(t)
    const event = stack.event('Create', { SecretId: secretId, Policy: POLICY })
    await fn.invoke(event)
    await fn.invoke(event)
    assert.equal(await current(), POLICY)
    assert.deepEqual(
      stack.answers.map(({ answer }) => [answer.Status, answer.Data?.['Outcome']]),
      [
        ['SUCCESS', 'written'],
        ['SUCCESS', 'written'],
      ],
    )
  })

  it('leaves a secret alone that was rotated since, whatever the template says now', async (t) => {
    const { fn, secrets, stack, secretId, current, actions } = await scene(t)
    await fn.invoke(stack.event('Create', { SecretId: secretId, Policy: POLICY }))
    const rotated = JSON.stringify({ version: 1, serial: 9, hosts: { 'api.partner.example': { pins: [PINS[1]] } } })
    secrets.put('Guard/Pins', rotated)
    const before = actions().length
    await fn.invoke(stack.event('Update', { SecretId: secretId, Policy: EDITED }))
    await fn.invoke(stack.event('Create', { SecretId: secretId, Policy: EDITED }))
    assert.equal(await current(), rotated)
    assert.deepEqual(
      stack.answers.map(({ answer }) => answer.Data?.['Outcome']),
      ['written', 'kept', 'kept'],
    )
    // It looks at the labels and reads no value.
    assert.deepEqual([...new Set(actions().slice(before, -1))], ['DescribeSecret'])
  })

  it('does not win over a push between its look and its write', async (t) => {
    const { fn, secrets, stack, secretId, current } = await scene(t)
    const held = secrets.hold()
    const invoked = fn.invoke(stack.event('Create', { SecretId: secretId, Policy: POLICY }))
    await secrets.whenRequested()
    // The look has been answered, "no value", and is still on its way.
    secrets.put('Guard/Pins', EDITED)
    held.release()
    await invoked
    assert.equal(await current(), EDITED)
    assert.equal(stack.answers[0]?.answer.Data?.['Outcome'], 'kept')
  })

  it('is left where it is when the resource is deleted, without a word to Secrets Manager', async (t) => {
    const { fn, stack, secretId, current, actions } = await scene(t)
    await fn.invoke(stack.event('Create', { SecretId: secretId, Policy: POLICY }))
    const before = actions().length
    await fn.invoke(stack.event('Delete', { SecretId: secretId, Policy: POLICY }))
    assert.equal(actions().length, before)
    assert.equal(stack.answers[1]?.answer.Status, 'SUCCESS')
    assert.equal(stack.answers[1]?.answer.PhysicalResourceId, 'arn:what-it-was')
    assert.equal(await current(), POLICY)
  })
})

describe('what CloudFormation is told when it fails', () => {
  const failures = [
    ['a policy that is none', { Policy: '{"version":2}' }, /"?version"?: is not 1/],
    ['a policy that is no JSON', { Policy: '{' }, /is not JSON/],
    ['no policy', {}, /no property "Policy"/],
  ] as const
  for (const [title, properties, reason] of failures) {
    it(`${title}: why, and nothing is written`, async (t) => {
      const { fn, stack, secretId, current } = await scene(t)
      const { kind } = await fn.invoke(stack.event('Create', { SecretId: secretId, ...properties }))
      assert.equal(kind, 'response')
      assert.equal(stack.answers[0]?.answer.Status, 'FAILED')
      assert.match(stack.answers[0]?.answer.Reason ?? '', reason)
      assert.equal(stack.answers[0]?.answer.PhysicalResourceId, secretId)
      assert.equal(await current(), undefined)
    })
  }

  it('Secrets Manager refuses: its error, and never the document', async (t) => {
    const { fn, secrets, stack, secretId } = await scene(t)
    const message = 'User is not authorized to perform secretsmanager:DescribeSecret'
    secrets.fail({ code: 'AccessDeniedException', message: `${message} ${'x'.repeat(9000)}` })
    await fn.invoke(stack.event('Create', { SecretId: secretId, Policy: POLICY }))
    const taken = stack.answers[0]
    assert.equal(taken?.answer.Status, 'FAILED')
    assert.match(taken?.answer.Reason ?? '', /^AccessDeniedException: User is not authorized/)
    assert.ok(Buffer.byteLength(taken?.text ?? '') < 4096)
    assert.doesNotMatch(taken?.text ?? '', /grX4Ta9H/)
  })

  it('Secrets Manager never answers: FAILED while there is time, instead of an hour of waiting', async (t) => {
    const { fn, secrets, stack, secretId } = await scene(t)
    secrets.hang()
    // 15 of these seconds are kept for the answer.
    await fn.invoke(stack.event('Create', { SecretId: secretId, Policy: POLICY }), { timeoutMs: 15_500 })
    assert.equal(stack.answers[0]?.answer.Status, 'FAILED')
    assert.match(stack.answers[0]?.answer.Reason ?? '', /did not answer in time/)
  })

  it('a policy that is not signed, where keys are given', async (t) => {
    const pem = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const { fn, stack, secretId, current } = await scene(t, { PINNED_FETCH_VERIFY_KEYS: pem })
    await fn.invoke(stack.event('Create', { SecretId: secretId, Policy: POLICY }))
    assert.match(stack.answers[0]?.answer.Reason ?? '', /it is not signed/)
    assert.equal(await current(), undefined)
  })
})

describe('a signed policy', () => {
  const signer = () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const verifyKey = parseVerifyKey(pem)
    assert.ok(verifyKey !== undefined)
    return { pem, verifyKey, sign: async (bytes: Uint8Array) => sign(null, bytes, privateKey) }
  }

  it('is put there, where the keys are given', async (t) => {
    const own = signer()
    const { fn, stack, secretId, current } = await scene(t, { PINNED_FETCH_VERIFY_KEYS: own.pem })
    const signed = JSON.stringify(await seal(JSON.parse(POLICY), own, undefined))
    await fn.invoke(stack.event('Create', { SecretId: secretId, Policy: signed }))
    assert.equal(stack.answers[0]?.answer.Status, 'SUCCESS')
    assert.equal(await current(), signed)
  })

  it('is refused without keys: guards without keys can not read it', async (t) => {
    const { fn, stack, secretId, current } = await scene(t)
    const signed = JSON.stringify(await seal(JSON.parse(POLICY), signer(), undefined))
    await fn.invoke(stack.event('Create', { SecretId: secretId, Policy: signed }))
    assert.equal(stack.answers[0]?.answer.Status, 'FAILED')
    assert.match(stack.answers[0]?.answer.Reason ?? '', /it is signed, and no key is given/)
    assert.equal(await current(), undefined)
  })
})

describe('the answer', () => {
  it('is sent again when it was not taken', async (t) => {
    const { fn, stack, secretId } = await scene(t)
    stack.refuse(503, 2)
    const { kind } = await fn.invoke(stack.event('Create', { SecretId: secretId, Policy: POLICY }))
    assert.equal(kind, 'response')
    assert.equal(stack.answers.length, 1)
  })

  it('that nobody takes fails the invocation, so that Lambda runs it again; the URL is in no log', async (t) => {
    const { fn, stack, secretId, current } = await scene(t)
    stack.refuse(403, 3)
    const { kind, text } = await fn.invoke(stack.event('Create', { SecretId: secretId, Policy: POLICY }))
    assert.equal(kind, 'error')
    assert.match(text, /Cannot answer CloudFormation: HTTP 403/)
    assert.equal(await current(), POLICY)
    assert.doesNotMatch([text, ...fn.stdout, ...fn.stderr].join('\n'), /not-a-secret/)
    // The event again, and this time it is taken.
    await fn.invoke(stack.event('Create', { SecretId: secretId, Policy: POLICY }))
    assert.equal(stack.answers[0]?.answer.Status, 'SUCCESS')
  })

  it('goes over TLS, to a server that is verified', async (t) => {
    const root = await rootAuthority('Answers Root')
    const leaf = await leafOf(root, ['localhost'])
    const file = join(taskRoot, 'root.pem')
    writeFileSync(file, root.certificate)
    const verified = await scene(
      t,
      { NODE_EXTRA_CA_CERTS: file },
      await watchStack({ key: leaf.privateKey, cert: leaf.certificate }),
    )
    const event = verified.stack.event('Create', { SecretId: verified.secretId, Policy: POLICY })
    assert.equal((await verified.fn.invoke(event)).kind, 'response')
    assert.equal(verified.stack.answers.length, 1)
    const unverified = await scene(t, {}, await watchStack({ key: leaf.privateKey, cert: leaf.certificate }))
    const other = unverified.stack.event('Create', { SecretId: unverified.secretId, Policy: POLICY })
    assert.equal((await unverified.fn.invoke(other)).kind, 'error')
    assert.equal(unverified.stack.answers.length, 0)
  })
})
