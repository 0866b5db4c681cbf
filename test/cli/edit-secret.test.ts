import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { tmpdir } from 'node:os'
import { describe, it } from 'node:test'
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { seal } from '../../lib/cli/sign/seal.ts'
import { keyId, parseVerifyKey } from '../../lib/source/verify-key.ts'
import { awsClientOptions, type SecretsEndpoint } from '../support/secrets-endpoint.ts'
import { A, B, C, policyText, SECRET, secretScene, VERSIONS } from './push-scene.ts'
import { playTranscript, runCommand } from './transcript.ts'

const NOW = Date.UTC(2026, 10, 25)
const [, TWO = '', THREE = ''] = VERSIONS
const signer = generateKeyPairSync('ed25519')
const pem = (key: KeyObject) =>
  key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' } as never).toString()

/** Its signature is nobody's: an edit does not look at it. */
async function signedPolicy(): Promise<string> {
  const verifyKey = parseVerifyKey(pem(signer.publicKey))
  assert.ok(verifyKey)
  const document = { version: 1, serial: 1, hosts: { 'a.test': { pins: [A, B] } } }
  return JSON.stringify(await seal(document, { verifyKey, sign: async () => Buffer.alloc(64) }, undefined))
}

/** All of them: history leaves out those of a write that is under way. */
async function stagesOf(endpoint: SecretsEndpoint): Promise<readonly string[]> {
  const client = new SecretsManagerClient(awsClientOptions(endpoint))
  const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId: SECRET }))
  client.destroy()
  return Object.values(VersionIdsToStages).flat()
}

describe('pinned-fetch add, remove and deny, in a secret', () => {
  it('edit-secret.txt', async (t) => {
    const { endpoint, env, variables } = await secretScene(t, [policyText(1, A), policyText(2, B, A)])
    endpoint.put('signed/pins', await signedPolicy(), { versionId: TWO })
    await playTranscript(new URL('edit-secret.txt', import.meta.url), {
      env,
      now: () => NOW,
      variables: {
        ...variables,
        KEY_ID: keyId(signer.publicKey),
        PRIVATE_KEY: pem(signer.privateKey),
        PUBLIC_KEY: pem(signer.publicKey),
        OTHER_KEY: pem(generateKeyPairSync('ed25519').publicKey),
      },
    })
  })

  it('refuse when somebody writes between their reading and their writing, and leave what he wrote', async (t) => {
    const { endpoint, env } = await secretScene(t, [policyText(1, A), policyText(2, B, A)])
    const run = (command: string) => runCommand(command, tmpdir(), { env })
    const held = endpoint.hold()
    const adding = run(`pinned-fetch add secret:${SECRET} api.partner.example --pin ${C} --yes`)
    await held.asked
    endpoint.put(SECRET, policyText(4, B, A), { versionId: THREE })
    held.release()
    const { exitCode, stderr } = await adding
    assert.equal(exitCode, 4, stderr)
    assert.match((await run(`pinned-fetch pull ${SECRET}`)).stderr, /serial 4/)
  })

  for (const when of ['before', 'after'] as const) {
    it(`interrupted ${when} any of their calls, are done by the same command again`, async (t) => {
      for (let number = 1; ; number++) {
        const { endpoint, env } = await secretScene(t, [policyText(1, A), policyText(2, B, A)])
        const run = (command: string) => runCommand(command, tmpdir(), { env })
        endpoint.cut(number, when)
        const command = `pinned-fetch add secret:${SECRET} api.partner.example --pin ${C} --yes`
        const { exitCode } = await run(command)
        if (exitCode === 0) return void assert.ok(number > 4, `only ${number} calls`)
        assert.equal(exitCode, 3)
        const again = await run(command)
        assert.equal(again.exitCode, 0, again.stderr)
        const { stdout } = await run(`pinned-fetch history ${SECRET} --json`)
        const [newest, before, ...older] = JSON.parse(stdout)
        assert.deepEqual([newest.serial, newest.stages], [3, ['AWSCURRENT']])
        assert.deepEqual([before.serial, before.stages], [2, ['AWSPREVIOUS']])
        assert.equal(older.length, 1)
        assert.ok(!(await stagesOf(endpoint)).includes('PinnedFetchDraft'))
      }
    })
  }
})

describe('on a terminal', () => {
  it('terminal.txt', async (t) => {
    const { env, variables } = await secretScene(t, [policyText(1, A), policyText(2, B, A)])
    await playTranscript(new URL('terminal.txt', import.meta.url), {
      env: { ...env, NO_COLOR: '1' },
      variables,
      terminal: true,
    })
  })
})
