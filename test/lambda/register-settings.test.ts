/**
 * The settings of the preload: a process that was meant to be pinned, and whose settings are missing or wrong, does not
 * run.
 */

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { localServices } from '../../lib/lambda/register/local-services.ts'
import { optionsFromEnvironment } from '../../lib/lambda/register/settings.ts'
import { REGISTER, runNode } from './register/scene.ts'

const SECRET = { PINNED_FETCH_SECRET_ID: 'prod/partner-pins' }

const pem = () => generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()

describe('a process with the preload', () => {
  for (const [title, environment, message] of [
    ['no secret', {}, /"PINNED_FETCH_SECRET_ID" is missing/],
    ['an empty secret', { PINNED_FETCH_SECRET_ID: '' }, /"PINNED_FETCH_SECRET_ID" holds an empty name/],
    ['a list with a gap', { PINNED_FETCH_SECRET_ID: 'a,,b' }, /"PINNED_FETCH_SECRET_ID" holds an empty name/],
    ['an unknown mode', { ...SECRET, PINNED_FETCH_MODE: 'off' }, /"PINNED_FETCH_MODE" has a value of the wrong kind/],
    ['a key that is none', { ...SECRET, PINNED_FETCH_VERIFY_KEYS: 'key' }, /"PINNED_FETCH_VERIFY_KEYS" has/],
    ['a proxy that is none', { ...SECRET, PINNED_FETCH_PROXY: 'proxy' }, /"PINNED_FETCH_PROXY" has/],
    [
      'a setting that is misspelt',
      { ...SECRET, PINNED_FETCH_VERIFY_KEY: pem() },
      /"PINNED_FETCH_VERIFY_KEY" is unknown/,
    ],
  ] as const) {
    it(`does not run with ${title}, and says why`, async () => {
      const ended = await runNode(['--import', REGISTER, '--eval', 'console.log("it runs")'], {
        PATH: process.env['PATH'],
        ...environment,
      })
      assert.equal(ended.code, 1)
      assert.equal(ended.stdout, '')
      assert.match(ended.stderr, message)
    })
  }
})

describe('the settings of the environment', () => {
  it('are options of a guard', () => {
    const keys = [pem(), pem()]
    const options = optionsFromEnvironment({
      PINNED_FETCH_SECRET_ID: 'one, two',
      PINNED_FETCH_MODE: 'report',
      PINNED_FETCH_VERIFY_KEYS: keys.join('').replaceAll('\n', '\\n'),
      PINNED_FETCH_PROXY: 'environment',
      PINNED_FETCH_PROBE_HOSTS: '[]',
    })
    assert.deepEqual(options, {
      secretId: ['one', 'two'],
      mode: 'report',
      verifyKeys: keys.map((key) => key.trim()),
      proxy: 'environment',
    })
    assert.deepEqual(optionsFromEnvironment({ PINNED_FETCH_SECRET_ID: 'one' }), { secretId: ['one'] })
  })

  it('name the services of the environment exactly, and nothing beyond loopback and link-local', () => {
    const inLambda = localServices({ AWS_LAMBDA_FUNCTION_NAME: 'f', AWS_LAMBDA_RUNTIME_API: '169.254.100.1:9001' })
    assert.equal(inLambda('169.254.100.1', 9001), true)
    assert.equal(inLambda('169.254.100.1', 80), false)
    assert.equal(inLambda('169.254.169.254', 80), false)

    const extensions = localServices({ PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: '2773', AWS_ACCESS_KEY_ID: 'key' })
    assert.deepEqual(
      ['localhost', 'LOCALHOST.', '127.0.0.1'].map((host) => extensions(host, '2773')),
      [true, true, false],
    )
    assert.equal(extensions('169.254.169.254', 80), false)

    const container = localServices({ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/credentials' })
    assert.equal(container('169.254.170.2', 80), true)
    assert.equal(container('169.254.169.254', 80), false)
    const pod = localServices({ AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://[fd00:ec2::23]/v1/credentials' })
    assert.equal(pod('[fd00:ec2::23]', 80), true)
    const instance = localServices({})
    assert.deepEqual([instance('169.254.169.254', 80), instance('169.254.169.254', 8080)], [true, false])
    assert.equal(localServices({ AWS_EC2_METADATA_DISABLED: 'true' })('169.254.169.254', 80), false)

    for (const address of ['http://api.partner.example', 'http://10.0.0.1', 'https://127.0.0.1', 'nonsense']) {
      const strange = localServices({ AWS_CONTAINER_CREDENTIALS_FULL_URI: address })
      assert.equal(strange('api.partner.example', 80), false)
      assert.equal(strange('10.0.0.1', 80), false)
      assert.equal(strange('127.0.0.1', 443), false)
    }
  })
})
