/** The source `extension`, over real HTTP to what answers as the Parameters and Secrets Lambda Extension does. */

import assert from 'node:assert/strict'
import http from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { isPinnedFetchError } from '../../lib/errors.ts'
import { SYSTEM_CLOCK } from '../../lib/source/clock.ts'
import { extensionSource } from '../../lib/source/extension.ts'
import { PolicyStore } from '../../lib/source/store.ts'
import {
  EXTENSION_TTL_MS,
  type ExtensionEndpointOptions,
  type ExtensionFault,
  extensionEnvironment,
  NOT_READY,
  startExtensionEndpoint,
} from '../support/extension-endpoint.ts'
import { documentOf, numberOf, pinOf } from './controllable-source.ts'
import { SettableClocks } from './settable-clocks.ts'

const SECRET = 'prod/partner pins&more'
const TOKEN = 'IQoJb3JpZ2luX2VjEAoaCXVzLWVhc3QtMSJ+/=='
const STORE = { cacheExpiry: 300_000, maxStale: 86_400_000, emit: () => {} }
const DOCUMENT = { 'a.test': [pinOf(1), pinOf(2)] }

async function stage(t: TestContext, options: Partial<ExtensionEndpointOptions> = {}) {
  const extension = await startExtensionEndpoint({ token: TOKEN, ...options })
  t.after(() => extension.close())
  extensionEnvironment(t, {
    AWS_SESSION_TOKEN: TOKEN,
    PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(extension.port),
    SECRETS_MANAGER_TTL: undefined,
  })
  const version = extension.secrets.put(SECRET, JSON.stringify(DOCUMENT))
  return { extension, version, source: extensionSource({ secretId: SECRET }) }
}

/** The deadline of a load, for the test to let pass. */
function heldDeadline(t: TestContext): AbortController {
  const deadline = new AbortController()
  t.mock.method(AbortSignal, 'timeout', () => deadline.signal)
  return deadline
}

describe('a load', () => {
  it('asks as documented: path, secret, stage AWSCURRENT by name, token', async (t) => {
    const { extension, version, source } = await stage(t)
    assert.deepEqual(await source.load(), { document: DOCUMENT, stage: 'AWSCURRENT', version })
    const { headers, connection: _, ...request } = extension.requests[0] ?? assert.fail('not asked')
    assert.deepEqual(request, {
      method: 'GET',
      path: '/secretsmanager/get',
      query: { secretId: SECRET, versionStage: 'AWSCURRENT' },
    })
    assert.equal(headers['x-aws-parameters-secrets-token'], TOKEN)
    assert.equal(headers.host, `localhost:${extension.port}`)
    const [asked] = extension.secrets.requests
    assert.deepEqual([asked?.secretId, asked?.versionStage], [SECRET, 'AWSCURRENT'])
  })

  it('reads bytes as it reads text, and as many as Secrets Manager holds', async (t) => {
    const { extension, source } = await stage(t, { ttl: 0 })
    const long = { ...DOCUMENT, '<&>.test': ['\u0001'.repeat(9_000), 'x'.repeat(11_000)] }
    for (const value of [Buffer.from(JSON.stringify(DOCUMENT)), JSON.stringify(long)]) {
      extension.secrets.put(SECRET, value)
      assert.deepEqual((await source.load()).document, JSON.parse(value.toString()))
    }
  })

  it('reads token and port anew each time, and keeps no connection between two', async (t) => {
    const { extension, source } = await stage(t)
    const other = await startExtensionEndpoint({ token: 'renewed' })
    t.after(() => other.close())
    other.secrets.put(SECRET, '{"b.test":[]}')
    await source.load()
    await source.load()
    extensionEnvironment(t, {
      AWS_SESSION_TOKEN: 'renewed',
      PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(other.port),
    })
    assert.deepEqual((await source.load()).document, { 'b.test': [] })
    assert.deepEqual(
      extension.requests.map(({ connection }) => connection),
      [1, 2],
    )
    assert.ok(extension.requests.every(({ headers }) => headers.connection === 'close'))
  })

  it('goes through no proxy, whatever the default agent does', async (t) => {
    const { source } = await stage(t)
    const { globalAgent } = http
    t.after(() => {
      http.globalAgent = globalAgent
    })
    http.globalAgent = new http.Agent({ proxyEnv: { HTTP_PROXY: 'http://127.0.0.1:1' } } as http.AgentOptions)
    assert.deepEqual((await source.load()).document, DOCUMENT)
  })
})

describe('an extension that starts, or is busy', () => {
  const passing: readonly (readonly [what: string, times: number, fault: ExtensionFault])[] = [
    ['is not ready', 8, { status: 400, body: NOT_READY }],
    ['resets the connection', 8, 'reset'],
    ['breaks off in the middle of the answer', 2, 'cut'],
    ['answers 400 and no reason', 2, { status: 400, body: 'bad request' }],
    ['has too many connections', 2, { status: 429, body: 'Connection limit exceeded' }],
    ['fails inside', 2, { status: 500, body: '' }],
  ]
  for (const [what, times, fault] of passing) {
    it(`is asked again in the same load when it ${what}`, async (t) => {
      const { extension, source } = await stage(t)
      extension.next(times, fault)
      assert.deepEqual((await source.load()).document, DOCUMENT)
      assert.equal(extension.requests.length, times + 1)
    })
  }

  it('is asked three times in one load when it fails and does not say that it starts', async (t) => {
    const { extension, source } = await stage(t)
    extension.next(9, { status: 500, body: '' })
    await assert.rejects(source.load(), /the extension answered 500/)
    assert.equal(extension.requests.length, 3)
  })

  it('is waited for until the deadline, and then the reason is told', async (t) => {
    const { extension, source } = await stage(t)
    const deadline = heldDeadline(t)
    extension.next(4, { status: 400, body: NOT_READY })
    extension.next(1, 'hang')
    const loading = assert.rejects(source.load(), {
      code: 'ERR_POLICY_UNAVAILABLE',
      message: /the extension is not ready yet\n {2}hint .* from the first invocation on, not during INIT/,
    })
    await extension.whenAsked(5)
    deadline.abort()
    await loading
    assert.equal(extension.requests.length, 5)
  })

  it('that hangs is left at the deadline', async (t) => {
    const { extension, source } = await stage(t)
    const deadline = heldDeadline(t)
    extension.next(1, 'hang')
    const loading = assert.rejects(source.load(), { message: /did not answer in time/ })
    await extension.whenAsked(1)
    deadline.abort()
    await loading
  })

  for (const [what, fault] of [
    ['hangs', 'hang'],
    ['is not ready', { status: 400, body: NOT_READY }],
  ] as const) {
    it(`that ${what} is left when the load is given up`, async (t) => {
      const { extension, source } = await stage(t)
      extension.next(1_000, fault)
      const abort = new AbortController()
      const loading = assert.rejects(source.load(abort.signal), { code: 'ERR_POLICY_UNAVAILABLE' })
      await extension.whenAsked(1)
      abort.abort()
      await loading
      await assert.rejects(source.load(abort.signal), { code: 'ERR_POLICY_UNAVAILABLE' })
      assert.ok(extension.requests.length <= 2, `${extension.requests.length} questions`)
    })
  }

  it('that is not there is told as the layer that is missing', async (t) => {
    const { extension, source } = await stage(t)
    await extension.close()
    // By the real deadline, which is shorter than the store's: that would make a TimeoutError of it.
    const store = new PolicyStore([source], { ...STORE, clock: SYSTEM_CLOCK })
    t.after(() => store.close())
    await assert.rejects(async () => await store.rules(), { message: /ECONNREFUSED.*\n {2}hint +add the layer/ })
  })
})

describe('a refusal', () => {
  const refusals: readonly (readonly [what: string, fault: ExtensionFault, told: RegExp])[] = [
    ['a token that is not accepted', { status: 403, body: 'Bad Token' }, /refused the token \(403\)/],
    ['a path that is unknown', { status: 404, body: '' }, /answered 404/],
    ['a redirect', { status: 302, body: 'elsewhere' }, /answered 302/],
    ['text', { status: 200, body: 'hello' }, /something else than a secret/],
    ['a list', { status: 200, body: '[]' }, /something else than a secret/],
    ['another stage', { status: 200, body: '{"SecretString":"{}","VersionStages":["AWSPENDING"]}' }, /not AWSCURRENT/],
    ['too much', { status: 200, body: `"${'x'.repeat(500_000)}"` }, /more than 397312 bytes/],
  ]
  for (const [what, fault, told] of refusals) {
    it(`is final and said: ${what}`, async (t) => {
      const { extension, source } = await stage(t)
      extension.next(1, fault)
      await assert.rejects(source.load(), { code: 'ERR_POLICY_UNAVAILABLE', message: told })
      assert.equal(extension.requests.length, 1)
    })
  }

  for (const [name, hint] of [
    ['AccessDeniedException', /secretsmanager:GetSecretValue/],
    ['DecryptionFailure', /kms:Decrypt/],
    ['ThrottlingException', /SECRETS_MANAGER_TTL/],
    ['InternalServiceError', /log of the function/],
  ] as const) {
    it(`of Secrets Manager is named with its repair, and costs one question: ${name}`, async (t) => {
      const { extension, source } = await stage(t)
      extension.secrets.fail({ code: name })
      await assert.rejects(source.load(), (error: Error) => {
        assert.match(error.message, new RegExp(`(Lambda extension).*: the extension answered 400 ${name}`))
        assert.match(error.message, hint)
        return true
      })
      assert.equal(extension.secrets.requests.length, 1)
    })
  }

  it('of a secret that does not exist', async (t) => {
    await stage(t)
    await assert.rejects(extensionSource({ secretId: 'nowhere' }).load(), { message: /ResourceNotFoundException/ })
  })

  it('of a document that is none is the same as by the SDK', async (t) => {
    const { extension, source } = await stage(t, { ttl: 0 })
    for (const [value, told] of [
      ['', /is empty/],
      ['{', /is not JSON/],
      ['{"a":1,"a":2}', /comes twice/],
      [Buffer.of(0xff), /is not UTF-8/],
      ['x'.repeat(65_537), /65537 bytes long/],
    ] as const) {
      extension.secrets.put(SECRET, value)
      await assert.rejects(source.load(), { code: 'ERR_POLICY_MALFORMED', message: told })
    }
  })

  it('without a token, or with a port that is none, asks nobody', async (t) => {
    const { extension, source } = await stage(t)
    extensionEnvironment(t, { AWS_SESSION_TOKEN: undefined })
    await assert.rejects(source.load(), { message: /AWS_SESSION_TOKEN is not set/ })
    extensionEnvironment(t, { AWS_SESSION_TOKEN: TOKEN, PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: '2773x' })
    await assert.rejects(source.load(), { message: /HTTP_PORT is no port/ })
    assert.equal(extension.requests.length, 0)
  })

  it('shows neither the token nor the secret, however deep one looks', async (t) => {
    const { extension, source } = await stage(t)
    const secret = 'hunter2hunter2'
    const leaks: readonly ExtensionFault[] = [
      { status: 403, body: `bad token ${TOKEN}` },
      { status: 400, body: `{"message":"${secret}","token":"${TOKEN}"}` },
      { status: 200, body: secret },
      { status: 200, body: `{"SecretString":"${secret}"}` },
      { status: 200, body: `{"SecretString":"{\\"${secret}"}` },
      { status: 206, body: `{"SecretString":"${secret}"}` },
    ]
    for (const fault of leaks) {
      extension.next(3, fault)
      const error = await source.load().catch((reason: unknown) => reason)
      assert.ok(isPinnedFetchError(error))
      const shown = inspect(error, { depth: 9, showHidden: true })
      assert.ok(!shown.includes(secret) && !shown.includes(TOKEN), shown)
      while (extension.requests.length % 3 !== 0) await source.load().catch(() => undefined)
    }
    extensionEnvironment(t, { AWS_SESSION_TOKEN: `${TOKEN}\n` })
    const error = await source.load().catch((reason: unknown) => reason)
    assert.ok(isPinnedFetchError(error))
    assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes(TOKEN))
  })
})

describe('its options', () => {
  it('are one secret, and nothing else', () => {
    for (const wrong of [undefined, {}, { secretId: '' }, { secretId: ['a'] }, { secretId: 'a', region: 'eu' }]) {
      assert.throws(() => extensionSource(wrong as never), { code: 'ERR_CONFIGURATION' })
    }
  })
})

describe('the cache of the extension', () => {
  const environments: readonly (readonly [number, Readonly<Record<string, string | undefined>>])[] = [
    [300_000, {}],
    [60_000, { SECRETS_MANAGER_TTL: '60' }],
    [0, { SECRETS_MANAGER_TTL: '0' }],
    [300_000, { SECRETS_MANAGER_TTL: '3600' }],
    [300_000, { SECRETS_MANAGER_TTL: '1e1' }],
    [300_000, { SECRETS_MANAGER_TTL: '' }],
    [0, { PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED: 'FALSE' }],
    [0, { PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE: '0' }],
  ]
  for (const [milliseconds, variables] of environments) {
    it(`is ${milliseconds} ms with ${inspect(variables)}`, (t) => {
      extensionEnvironment(t, { SECRETS_MANAGER_TTL: undefined, ...variables })
      assert.equal(extensionSource({ secretId: SECRET }).cachedFor, milliseconds)
    })
  }

  it('hides a rotation for its TTL, and a store that asks again cannot pass it', async (t) => {
    const { extension, source } = await stage(t)
    extension.secrets.put(SECRET, JSON.stringify(documentOf(1)))
    const clock = new SettableClocks()
    const store = new PolicyStore([source], { ...STORE, clock })
    t.after(() => store.close())
    const asked = async () => {
      const since = clock.elapsed() + 1
      clock.pass(10)
      return numberOf(await store.rulesSince(since))
    }
    assert.equal(numberOf(await store.rules()), 1)
    extension.secrets.put(SECRET, JSON.stringify(documentOf(2)))
    assert.equal(await asked(), 1)
    extension.clock.advance(EXTENSION_TTL_MS - 1)
    assert.equal(await asked(), 1)
    assert.equal(extension.secrets.requests.length, 1)
    extension.clock.advance(1)
    assert.equal(await asked(), 2)
    assert.deepEqual([extension.requests.length, extension.secrets.requests.length], [4, 2])
  })
})
