import { generateKeyPairSync } from 'node:crypto'
/** Which options are refused, and that each refusal names the option and the repair. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createGuard, findPinnedFetchError, type GuardOptions, pinnedFetch } from '../lib/index.ts'
import { readOptions } from '../lib/options.ts'
import { pinOf } from './source/controllable-source.ts'
import { rootAuthority } from './support/authority.ts'
import { awsEnvironment, startSecretsEndpoint } from './support/secrets-endpoint.ts'

const policy = { 'a.test': [pinOf(1), pinOf(2)] }

const { certificate } = await rootAuthority('Option Root')

/** OpenSSL leaves out what it cannot read, and the rest of that text with it, without a word. */
const NO_CERTIFICATE = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'

function refusal(options: unknown) {
  try {
    readOptions(options, {})
  } catch (error) {
    const ours = findPinnedFetchError(error)
    assert.ok(ours?.code === 'ERR_CONFIGURATION')
    return { option: ours.evidence.option, message: ours.message }
  }
  assert.fail(`accepted ${JSON.stringify(options)}`)
}

describe('an option that is unknown', () => {
  for (const [name, value] of [
    ['secretID', 'x'],
    ['cacheExpire', 1],
    ['rejectUnauthorized', false],
    ['insecure', true],
    ['enabled', false],
    ['__proto__x', 1],
    ['constructor', 1],
    ['toString', 1],
    ['hasOwnProperty', 1],
  ] as const) {
    it(`is refused by its name, with those that exist: ${name}`, () => {
      const { option, message } = refusal({ policy, [name]: value })
      assert.equal(option, name)
      assert.match(message, /is unknown\n {2}hint {7}use one of: secretId, policy, source, verifyKeys, mode/)
    })
  }

  it('is refused also where its value is undefined', () => {
    assert.equal(refusal({ policy, secretID: undefined }).option, 'secretID')
  })

  it('is refused also when it is called __proto__', () => {
    assert.equal(refusal(JSON.parse('{ "policy": {}, "__proto__": { "mode": "report" } }')).option, '__proto__')
  })

  it('inside "metrics" is refused as well', () => {
    assert.equal(refusal({ policy, metrics: { nameSpace: 'x' } }).option, 'metrics.nameSpace')
  })
})

describe('a value of the wrong kind', () => {
  const wrong: Readonly<Record<keyof GuardOptions, readonly unknown[]>> = {
    secretId: ['', '  ', [], ['a', ''], [['a']], 7, null, {}, true],
    policy: [null],
    source: [null, 'a', {}, { name: 'x' }, { load() {} }, { name: '', load() {} }, { name: 'x', load: 1 }, []],
    verifyKeys: ['', 'a file.pem', [], [''], certificate, null, 7, {}, true],
    mode: ['off', 'Report', '', null, true, 0, ['report']],
    ca: [
      '',
      'a file.pem',
      [],
      [''],
      [certificate, 'x'],
      null,
      7,
      {},
      [null],
      NO_CERTIFICATE,
      certificate + NO_CERTIFICATE,
    ],
    cacheExpiry: [-2, -0.5, Number.NaN, Number.POSITIVE_INFINITY, '300000', null, 5n],
    maxStale: [-1, Number.NaN, Number.POSITIVE_INFINITY, '1', null],
    disablePrefetch: [0, 1, 'true', null],
    preconnect: ['a.test', [''], ['https://a.test'], ['a b'], ['a..test'], ['a.test:0'], ['a.test:70000'], [7], null],
    proxy: [
      true,
      '',
      'proxy.test:3128',
      'ftp://proxy.test',
      'socks4://proxy.test',
      'http://proxy.test/path',
      'http://proxy.test?query',
      'http://proxy.test:0',
      'http://:3128',
      'http://a..test:3128',
      'http://user:%E0%A4%A@proxy.test',
      'Environment',
      null,
      0,
      {},
    ],
    lookup: [null, 'dns', {}, 1],
    awsClientOptions: [null, 'us-east-1', [], 1],
    metrics: [
      true,
      null,
      'stdout',
      [],
      0,
      { namespace: '' },
      { namespace: 7 },
      { service: ' ' },
      { sink: 5 },
      { sink: {} },
    ],
    observer: [null, {}, 'log', 1],
  }
  for (const [name, values] of Object.entries(wrong)) {
    it(`is refused by the option’s name, and says what to give: ${name}`, () => {
      for (const value of values) {
        const given = ['secretId', 'source', 'policy'].includes(name) ? {} : { policy }
        const { option, message } = refusal({ ...given, [name]: value })
        assert.match(option, new RegExp(`^${name}(?:\\.|$)`))
        assert.match(message, /\n {2}hint {7}give it \S/)
      }
    })
  }

  it('never appears in the message: it may be a secret', () => {
    for (const name of ['secretId', 'mode', 'ca', 'proxy', 'awsClientOptions']) {
      const { message } = refusal({ [name]: ['correct-horse', 7] })
      assert.doesNotMatch(message, /correct-horse/)
    }
  })

  it('is refused where no object is given', () => {
    for (const nothing of [null, 'prod/partner-pins', 7, [], () => ({})]) {
      assert.equal(refusal(nothing).option, 'options')
    }
  })
})

describe('options that contradict each other', () => {
  it('are more than one source of pins, or none', () => {
    const source = { name: 'x', load: async () => ({ document: policy }) }
    for (const options of [
      { policy, secretId: 'a' },
      { policy, source },
      { secretId: 'a', source },
      { secretId: 'a', source, policy },
    ]) {
      assert.match(refusal(options).message, /contradicts "\w+"\n.*exactly one of secretId, policy and source/)
    }
    for (const options of [undefined, {}, { mode: 'enforce' }, { policy: undefined }]) {
      const { option, message } = refusal(options)
      assert.equal(option, 'secretId')
      assert.match(message, /there is no source of pins\n.*, or set PINNED_FETCH_SECRET_ID in the environment$/)
    }
  })
})

describe('the secret that the environment names', () => {
  const SECRET = { PINNED_FETCH_SECRET_ID: 'prod/partner-pins' }
  const source = { name: 'x', load: async () => ({ document: policy }) }

  it('is taken where no option says where the policy comes from', () => {
    for (const options of [undefined, {}, { mode: 'report' }, { secretId: undefined, policy: undefined }] as const) {
      assert.deepEqual(readOptions(options, SECRET).secretId, ['prod/partner-pins'])
    }
  })

  it('may be several', () => {
    assert.deepEqual(readOptions({}, { PINNED_FETCH_SECRET_ID: 'one, two' }).secretId, ['one', 'two'])
  })

  it('never takes the place of an option', () => {
    for (const options of [{ secretId: 'mine' }, { policy }, { source }]) {
      assert.deepEqual({ ...readOptions(options, SECRET) }, options)
    }
  })

  it('is none where the name is empty, or only inherited', () => {
    for (const variables of [
      { PINNED_FETCH_SECRET_ID: '' },
      { PINNED_FETCH_SECRET_ID: 'a,,b' },
      Object.create({ PINNED_FETCH_SECRET_ID: 'prod/partner-pins' }),
    ]) {
      assert.throws(() => readOptions({}, variables), { code: 'ERR_CONFIGURATION', message: /is missing/ })
    }
  })

  it('comes with the keys that must have signed it, and a slip in them is an error', () => {
    const pem = () => generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString().trim()
    const [one, other] = [pem(), pem()]
    const read = (keys: string, options = {}) => {
      return readOptions(options, { ...SECRET, PINNED_FETCH_VERIFY_KEYS: keys }).verifyKeys
    }
    assert.deepEqual(read(`${one}\n${other}\n`), [one, other])
    assert.equal(read(' '), undefined)
    assert.equal(read(one, { verifyKeys: other }), other)
    assert.equal(read(one, { secretId: 'mine' }), undefined)
    for (const slip of ['x', `${one}\nx`, one.slice(0, -5), one.replace('PUBLIC', 'PRIVATE')]) {
      assert.throws(() => read(slip), { code: 'ERR_CONFIGURATION', message: /PINNED_FETCH_VERIFY_KEYS/ })
    }
  })

  it('is what a guard and a middleware without options ask for', async (t) => {
    const endpoint = await startSecretsEndpoint()
    t.after(() => endpoint.close())
    endpoint.put('prod/partner-pins', JSON.stringify(policy))
    const before = { ...process.env }
    t.after(() => {
      process.env = before
    })
    Object.assign(process.env, awsEnvironment(endpoint), SECRET)
    const guard = createGuard()
    t.after(() => guard.close())
    assert.equal((await guard.explain('a.test')).rule, 'enforce')
    assert.equal(typeof pinnedFetch({ disablePrefetch: true }).before, 'function')
    assert.equal(endpoint.requests[0]?.secretId, 'prod/partner-pins')
  })
})

describe('good options', () => {
  for (const options of [
    { policy },
    { policy: 'not a policy, which is found when it is loaded' },
    { secretId: 'prod/partner-pins' },
    { secretId: ['a', 'b'] },
    { policy, cacheExpiry: -1, maxStale: 0, disablePrefetch: true, proxy: false, metrics: false },
    { policy, cacheExpiry: 0, preconnect: ['a.test', 'a.test:8443', '[::1]:443', '127.0.0.1', 'bücher.test'] },
    { policy, metrics: { namespace: 'Mine', service: 'orders' }, observer: () => {}, mode: 'report' },
    { policy, ca: certificate },
    { policy, ca: [certificate, Buffer.from(certificate)] },
    { policy, mode: undefined, ca: undefined, observer: undefined, secretId: undefined },
  ]) {
    it(`are accepted: ${Object.keys(options).join(', ')}`, () => {
      readOptions(options, {})
    })
  }

  it('are the same for the middleware, which refuses the same ones when it is made', () => {
    const bad: object = { secretID: 'x' }
    assert.throws(() => pinnedFetch(bad), { code: 'ERR_CONFIGURATION' })
    assert.throws(() => createGuard(bad), { code: 'ERR_CONFIGURATION' })
  })

  it('are only those of the object itself: a polluted prototype weakens nothing', async (t) => {
    const polluted = Object.prototype as { mode?: unknown }
    polluted.mode = 'report'
    t.after(() => {
      delete polluted.mode
    })
    const guard = createGuard({ policy, metrics: false })
    delete polluted.mode
    t.after(() => guard.close())
    assert.equal((await guard.explain('a.test')).rule, 'enforce')
  })

  it('are read when the guard is made: changing the object later changes nothing', async (t) => {
    const options: { -readonly [Name in keyof GuardOptions]: GuardOptions[Name] } = { policy, metrics: false }
    const guard = createGuard(options)
    t.after(() => guard.close())
    options.mode = 'report'
    options.policy = { 'b.test': [pinOf(3)] }
    assert.equal((await guard.explain('a.test')).rule, 'enforce')
  })
})
