/**
 * Row 29, second half: the secret is not there, may not be read, or the service has a bad day.
 *
 *     AccessDenied, Throttling, a reset connection, a reply that never comes, no region, no credentials, no SDK
 *
 * An attacker who can make Secrets Manager unreachable must not gain a single unpinned call, and an outage must not
 * become ours: with an earlier document every call goes on, without one every call is refused with what to do.
 */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import {
  assertGoodOneServes,
  assertNothingServes,
  CACHE_EXPIRY_MS,
  CONFIDENTIAL,
  type Expected,
  GOOD,
  SECRET,
  type SecretPolicy,
  secretPolicy,
} from './secret-policy.ts'
import { assertAccepted } from './surfaces.ts'

const unavailable = (says: RegExp): Expected => ({ code: 'ERR_POLICY_UNAVAILABLE', says })

const failing = (code: string) => (stage: SecretPolicy) => stage.endpoint.fail({ code })

const TROUBLES: readonly (readonly [what: string, spoil: (stage: SecretPolicy) => unknown, expected: Expected])[] = [
  ['access is denied', failing('AccessDeniedException'), unavailable(/AccessDenied.*\n.*GetSecretValue/)],
  ['its key may not be used', failing('DecryptionFailure'), unavailable(/DecryptionFailure.*\n.*kms:Decrypt/)],
  ['the service throttles', failing('ThrottlingException'), unavailable(/Throttling.*\n.*cacheExpiry/)],
  ['the service is down', failing('InternalServiceError'), unavailable(/InternalServiceError.*\n.*Health/)],
  ['it is about to be deleted', failing('InvalidRequestException'), unavailable(/InvalidRequest.*\n.*deletion/)],
  ['the credentials have expired', failing('ExpiredTokenException'), unavailable(/ExpiredToken.*\n.*renew/)],
  ['nobody knows the error', failing('SomethingNew'), unavailable(/SomethingNew.*\n.*reaches Secrets Manager/)],
  ['the connection is reset', (stage) => stage.endpoint.disconnect(), unavailable(/ECONNRESET.*\n.*reaches/)],
  ['nobody listens', (stage) => stage.endpoint.close(), unavailable(/ECONNRE(?:FUSED|SET).*\n.*reaches/)],
]

describe('a secret of which', () => {
  for (const [what, spoil, expected] of TROUBLES) {
    it(`${what}: every call is refused, and none reaches the network`, async (t) => {
      const stage = await secretPolicy(t)
      await spoil(stage)
      await assertNothingServes(stage, expected)
    })

    it(`${what}: the last good document serves on`, async (t) => {
      const stage = await secretPolicy(t)
      stage.endpoint.put(SECRET, GOOD)
      await assertGoodOneServes(stage, () => spoil(stage), expected)
    })
  }
})

describe('a secret that does not exist', () => {
  const missing = unavailable(/ResourceNotFoundException.*\n.*create the secret/)

  it('lets no call through', async (t) => {
    await assertNothingServes(await secretPolicy(t), missing)
  })

  it('with a version that is only pending lets no call through', async (t) => {
    const stage = await secretPolicy(t)
    stage.endpoint.put(SECRET, GOOD, { stage: 'AWSPENDING' })
    await assertNothingServes(stage, missing)
  })

  it('any more, having been there: the last good document serves on', async (t) => {
    const stage = await secretPolicy(t)
    stage.endpoint.put(SECRET, GOOD)
    await assertGoodOneServes(stage, () => stage.endpoint.remove(SECRET), missing)
  })

  it('any more in one of several secrets takes no host of the others away', async (t) => {
    const stage = await secretPolicy(t, { secretId: ['prod/other-pins', SECRET] })
    stage.endpoint.put('prod/other-pins', GOOD.replace('api.', 'other.'))
    stage.endpoint.put(SECRET, GOOD)
    await assertGoodOneServes(stage, () => stage.endpoint.remove('prod/other-pins'), {
      ...missing,
      secret: 'prod/other-pins',
    })
  })
})

describe('a service that does not answer', () => {
  const silent = unavailable(/within 2000 ms|Timeout|aborted/)

  it('is given up after its deadline, in INIT and once more for the calls, and every call is refused', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const stage = await secretPolicy(t)
    stage.endpoint.hang()
    const asked = stage.endpoint.whenRequested()
    const { calls } = stage.openGuard()
    const refused = calls.map((call) => assert.rejects(call()))
    await asked
    const askedAgain = stage.endpoint.whenRequested()
    t.mock.timers.tick(2_000)
    await askedAgain
    t.mock.timers.tick(2_000)
    await Promise.all(refused)
    assert.equal(stage.server.recording.connections, 0)
    const failure = stage.events.find((event) => event.type === 'policy-refresh-failed')
    assert.equal(failure?.code, 'ERR_POLICY_UNAVAILABLE')
    assert.match(failure?.message ?? '', silent.says)
    assert.match(failure?.message ?? '', /secret "prod\/partner-pins"/)
  })

  it('holds up no call while a good document may serve', async (t) => {
    const stage = await secretPolicy(t)
    stage.endpoint.put(SECRET, GOOD)
    const { calls } = stage.openGuard()
    for (const call of calls) await assertAccepted(call, stage.server)
    stage.endpoint.hang()
    stage.clock.pass(CACHE_EXPIRY_MS + 1)
    for (const call of calls) await assertAccepted(call, stage.server)
  })

  it('holds up the first call after a long sleep for the deadline, and then the good document serves', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const stage = await secretPolicy(t)
    stage.endpoint.put(SECRET, GOOD)
    const { calls } = stage.openGuard()
    for (const call of calls) await assertAccepted(call, stage.server)
    stage.endpoint.hang()
    stage.clock.pass(10 * CACHE_EXPIRY_MS)
    const asked = stage.endpoint.whenRequested()
    const [first] = calls
    assert.ok(first !== undefined)
    const waiting = assertAccepted(first, stage.server)
    await asked
    t.mock.timers.tick(2_000)
    await waiting
    const failure = stage.events.find((event) => event.type === 'policy-refresh-failed')
    assert.match(failure?.message ?? '', silent.says)
  })
})

/** What a process without region, credentials or SDK prints: the code and the message of its only call. */
const WORKER = `
import { registerHooks } from 'node:module'
if (process.env.WITHOUT_SDK) {
  registerHooks({
    resolve(specifier, context, next) {
      if (!specifier.startsWith('@aws-sdk/')) return next(specifier, context)
      throw Object.assign(new Error('Cannot find package ' + specifier), { code: 'ERR_MODULE_NOT_FOUND' })
    },
  })
}
const { createGuard, findPinnedFetchError } = await import('./lib/index.ts')
const guard = createGuard({ secretId: '${SECRET}', metrics: false })
const error = await guard.fetch('https://api.partner.test/').then(() => undefined, findPinnedFetchError)
process.stdout.write(JSON.stringify({ code: error?.code, message: error?.message }))
`

describe('an environment without', () => {
  const credentials = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: CONFIDENTIAL }
  const nothing = { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null', HOME: '/nonexistent' }

  for (const [what, environment, says] of [
    ['a region', credentials, /Region is missing.*\n.*region/],
    ['credentials', { AWS_REGION: 'us-east-1' }, /CredentialsProviderError.*\n.*give the process AWS credentials/],
    ['the SDK', { ...credentials, WITHOUT_SDK: '1' }, /SDK is not installed\n.*npm install @aws-sdk/],
  ] as const) {
    it(`${what} refuses every call, and says what is missing`, () => {
      const child = spawnSync(process.execPath, ['--input-type=module', '--eval', WORKER], {
        cwd: new URL('../..', import.meta.url),
        env: { PATH: process.env['PATH'], AWS_EC2_METADATA_DISABLED: 'true', ...nothing, ...environment },
        encoding: 'utf8',
      })
      assert.equal(child.status, 0, child.stderr)
      const { code, message } = JSON.parse(child.stdout) as { code: string; message: string }
      assert.equal(code, 'ERR_POLICY_UNAVAILABLE')
      assert.match(message, says)
      assert.match(message, /secret "prod\/partner-pins"/)
      assert.ok(!message.includes(CONFIDENTIAL))
    })
  }
})
