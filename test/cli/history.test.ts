import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { RotateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { awsClientOptions } from '../support/secrets-endpoint.ts'
import { A, B, policyText, SECRET, secretScene } from './push-scene.ts'
import { playTranscript, runCommand } from './transcript.ts'

test('pinned-fetch: history.txt', async (t) => {
  const third = JSON.stringify({ ...JSON.parse(policyText(3, B, A)), default: 'report' })
  const { endpoint, env, variables } = await secretScene(t, [policyText(1, A), policyText(2, B, A), third])
  endpoint.put('other/secret', '{"password":"hunter2"}')
  await playTranscript(new URL('history.txt', import.meta.url), { env, variables })
})

test('pinned-fetch history reads more versions than fit on one page', async (t) => {
  const { endpoint, env } = await secretScene(t, [])
  for (let serial = 1; serial <= 101; serial++) {
    endpoint.put(SECRET, policyText(serial, A), { created: new Date(Date.UTC(2026, 0, 1, 0, serial)) })
  }
  const { stdout, stderr } = await runCommand(`pinned-fetch history ${SECRET} --limit 2 --json`, tmpdir(), { env })
  assert.deepEqual(
    JSON.parse(stdout).map(({ serial }: { serial: number }) => serial),
    [101, 100],
  )
  assert.equal(stderr, '99 older versions: --limit 101\n')
})

test('pinned-fetch history and rollback look past a version in which nothing is written yet', async (t) => {
  const { endpoint, env } = await secretScene(t, [policyText(1, A, B), policyText(2, B, A)])
  endpoint.rotateWith(() => Promise.resolve({ kind: 'error', body: 'refused before it wrote' }))
  const client = new SecretsManagerClient(awsClientOptions(endpoint))
  t.after(() => client.destroy())
  const ended = endpoint.whenRotated()
  const RotationLambdaARN = 'arn:aws:lambda:us-east-1:123456789012:function:rotation'
  await client.send(new RotateSecretCommand({ SecretId: SECRET, RotationLambdaARN }))
  await ended
  const history = await runCommand(`pinned-fetch history ${SECRET}`, tmpdir(), { env })
  assert.match(history.stdout, /AWSPENDING\n {2}no policy: nothing is written there yet/)
  const rollback = await runCommand(`pinned-fetch rollback ${SECRET} --yes`, tmpdir(), { env })
  assert.equal(rollback.exitCode, 0, rollback.stderr)
})
