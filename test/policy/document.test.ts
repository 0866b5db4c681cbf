import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { rootCertificates } from 'node:tls'
import { PinnedFetchError } from '../../lib/errors.ts'
import { parsePolicy } from '../../lib/policy/document.ts'

const FIRST = 'grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='
const SECOND = 'klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY='
const PIN = `sha256/${FIRST}`
const ENTRY = { pins: [PIN] }
const ROOT = String(rootCertificates[0])

/** A full document around one entry, as it comes out of `JSON.parse`. */
const withEntry = (entry: unknown, rest: object = {}) => ({ version: 1, hosts: { 'a.example': entry }, ...rest })

describe('a policy document', () => {
  const full = {
    version: 1,
    serial: 7,
    default: 'report',
    hosts: {
      'API.partner.example': {
        pins: [PIN, { sha256: SECOND, name: 'next key', expires: '2027-06-30T00:00:00Z' }],
        expires: '2027-09-30T00:00:00Z',
        onExpiry: 'report',
      },
      '*.bank.example': { issuerPins: [PIN], leafPins: [`sha256/${SECOND}`], mode: 'report' },
      'vault.internal:8200': { pins: [PIN], anchors: [`\n${ROOT}\n`], reportUntil: '2027-01-01T00:00:00+01:00' },
    },
    deny: [`sha256/${SECOND}`],
  }

  test('is read in its full form', () => {
    const policy = parsePolicy(full)
    assert.equal(policy.serial, 7)
    assert.equal(policy.default, 'report')
    assert.deepEqual([...policy.deny], [SECOND])
    assert.deepEqual(structuredClone(policy.hosts.find('api.partner.example', 443)), {
      pattern: { text: 'api.partner.example', kind: 'exact', base: 'api.partner.example' },
      pins: [{ sha256: FIRST }, { sha256: SECOND, name: 'next key', expires: Date.UTC(2027, 5, 30) }],
      mode: 'enforce',
      expires: Date.UTC(2027, 8, 30),
      onExpiry: 'report',
    })
    assert.deepEqual(structuredClone(policy.hosts.find('www.bank.example', 443)), {
      pattern: { text: '*.bank.example', kind: 'one-label', base: 'bank.example' },
      leafPins: [{ sha256: SECOND }],
      issuerPins: [{ sha256: FIRST }],
      mode: 'report',
      onExpiry: 'enforce',
    })
    assert.deepEqual(structuredClone(policy.hosts.find('vault.internal', 8200)), {
      pattern: { text: 'vault.internal:8200', kind: 'exact', base: 'vault.internal', port: 8200 },
      pins: [{ sha256: FIRST }],
      mode: 'enforce',
      reportUntil: Date.UTC(2026, 11, 31, 23),
      onExpiry: 'enforce',
      anchors: [ROOT.trim()],
    })
    assert.equal(policy.hosts.find('vault.internal', 443), undefined)
  })

  test('is read in its short form', () => {
    const policy = parsePolicy({ 'api.partner.example': [PIN, `sha256/${SECOND}`], '*.x.example': [{ sha256: FIRST }] })
    assert.deepEqual({ ...policy, hosts: policy.hosts.size }, { default: 'deny', hosts: 2, deny: new Set() })
    assert.deepEqual(policy.hosts.find('api.partner.example', 443)?.pins, [{ sha256: FIRST }, { sha256: SECOND }])
    assert.equal(policy.hosts.find('a.x.example', 443)?.mode, 'enforce')
  })

  test('denies, enforces and has no serial unless it says so', () => {
    const policy = parsePolicy(withEntry(ENTRY))
    assert.equal(policy.default, 'deny')
    assert.equal('serial' in policy, false)
    assert.equal(policy.hosts.find('a.example', 443)?.mode, 'enforce')
  })

  test('enforces again after reportUntil, also where it says "mode": "report"', () => {
    const policy = parsePolicy(withEntry({ ...ENTRY, mode: 'report', reportUntil: '2027-01-01T00:00:00Z' }))
    assert.equal(policy.hosts.find('a.example', 443)?.mode, 'enforce')
  })

  test('may list no host where its default lets calls through', () => {
    assert.equal(parsePolicy({ version: 1, default: 'allow', hosts: {} }).hosts.size, 0)
    assert.equal(parsePolicy({ version: 1, default: 'report', hosts: {}, deny: [PIN] }).deny.size, 1)
  })

  test('is frozen to its depth, the deny list included', () => {
    const policy = parsePolicy(full)
    assertFrozen(policy)
    for (const entry of policy.hosts.entries()) assertFrozen(entry)
    const deny = policy.deny as Set<string>
    for (const change of [() => deny.add('x'), () => deny.delete(SECOND), () => deny.clear()])
      assert.throws(change, TypeError)
    assert.equal(policy.deny.has(SECOND), true)
  })

  test('is not changed by what happens to its input afterwards', () => {
    const input = { 'a.example': [PIN] }
    const policy = parsePolicy(input)
    input['a.example'].push(`sha256/${SECOND}`)
    assert.equal(policy.hosts.find('a.example', 443)?.pins?.length, 1)
  })

  test('takes "__proto__" and "constructor" for the keys they are', () => {
    const policy = parsePolicy(JSON.parse(`{ "__proto__": ["${PIN}"], "constructor": ["${PIN}"] }`))
    assert.equal(policy.hosts.size, 2)
    assert.equal(policy.hosts.find('__proto__', 443)?.pins?.[0]?.sha256, FIRST)
    assert.equal(parsePolicy({ 'a.example': [PIN] }).hosts.find('constructor', 443), undefined)
  })
})

function assertFrozen(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  assert.ok(Object.isFrozen(value))
  for (const part of Object.values(value)) assertFrozen(part)
}

const A = 'hosts["a.example"]'

const malformedDocuments: readonly (readonly [name: string, input: unknown, path: string, problem: RegExp])[] = [
  ['null', null, '', /is null/],
  ['undefined', undefined, '', /is undefined/],
  ['an array', [PIN], '', /is an array/],
  ['a number', 1, '', /is a number/],
  ['JSON that nobody parsed', JSON.stringify(withEntry(ENTRY)), '', /parse the JSON first/],
  ['an empty object', {}, '', /empty object/],
  ['an inherited document', Object.create(withEntry(ENTRY)), '', /empty object/],
  ['no version', { hosts: { 'a.example': ENTRY } }, 'version', /is missing/],
  ['no version and a slip in its name', { vesion: 1, hosts: {} }, 'vesion', /did you mean "version"/],
  ['version 2', { version: 2, zones: [] }, 'version', /is not 1/],
  ['version "1"', { version: '1', hosts: { 'a.example': ENTRY } }, 'version', /is not 1/],
  ['no hosts', { version: 1 }, 'hosts', /is missing/],
  ['a slip in "hosts"', { version: 1, host: {} }, 'host', /did you mean "hosts"/],
  ['hosts that are null', { version: 1, hosts: null }, 'hosts', /is null/],
  ['hosts in an array', { version: 1, hosts: [] }, 'hosts', /is an array/],
  ['no host and default "deny"', { version: 1, hosts: {} }, 'hosts', /is empty/],
  ['an unknown key that needs quotes', { ...withEntry(ENTRY), 'a b': 1 }, '["a b"]', /not a known key/],
  ['__proto__ as a key', JSON.parse('{ "version": 1, "hosts": {}, "__proto__": {} }'), '__proto__', /not a known key/],
  ['constructor as a key', withEntry({ ...ENTRY, constructor: 1 }), `${A}.constructor`, /not a known key/],
  ['an unknown default', withEntry(ENTRY, { default: 'block' }), 'default', /"deny" or "report" or "allow"/],
  ['a default that is true', withEntry(ENTRY, { default: true }), 'default', /is a boolean/],
  ['a default that is undefined', withEntry(ENTRY, { default: undefined }), 'default', /is undefined/],
  ['a serial with a fraction', withEntry(ENTRY, { serial: 1.5 }), 'serial', /whole number/],
  ['a negative serial', withEntry(ENTRY, { serial: -1 }), 'serial', /whole number/],
  ['an unsafe serial', withEntry(ENTRY, { serial: 2 ** 53 }), 'serial', /whole number/],
  ['a serial that is NaN', withEntry(ENTRY, { serial: Number.NaN }), 'serial', /whole number/],
  ['a serial in a string', withEntry(ENTRY, { serial: '7' }), 'serial', /is a string/],
  ['a deny list that is a string', withEntry(ENTRY, { deny: PIN }), 'deny', /not an array/],
  ['a denied key with an end', withEntry(ENTRY, { deny: [PIN, { sha256: FIRST }] }), 'deny[1]', /is an object/],
  ['a malformed denied key', withEntry(ENTRY, { deny: [FIRST] }), 'deny[0]', /does not begin/],
  ['an entry that is a list', withEntry([PIN]), A, /is an array/],
  ['an entry that is null', withEntry(null), A, /is null/],
  ['an entry without pins', withEntry({ mode: 'enforce' }), A, /has no pins/],
  ['an empty entry', withEntry({}), A, /has no pins/],
  ['an empty list of pins', withEntry({ pins: [] }), `${A}.pins`, /is empty/],
  ['an empty second list', withEntry({ leafPins: [PIN], issuerPins: [] }), `${A}.issuerPins`, /is empty/],
  ['pins that are a string', withEntry({ pins: PIN }), `${A}.pins`, /is a string/],
  ['a hole in the pins', withEntry({ pins: new Array(1) }), `${A}.pins[0]`, /is undefined/],
  ['a slip in a pin', withEntry({ pins: [PIN, { sha265: FIRST }] }), `${A}.pins[1].sha265`, /did you mean "sha256"/],
  ['a wrong pin', withEntry({ leafPins: ['sha1/x'] }), `${A}.leafPins[0]`, /sha1/],
  ['a slip in an entry', withEntry({ ...ENTRY, onExpire: 'report' }), `${A}.onExpire`, /did you mean "onExpiry"/],
  ['an unknown mode', withEntry({ ...ENTRY, mode: 'off' }), `${A}.mode`, /"enforce" or "report"/],
  ['a mode in capitals', withEntry({ ...ENTRY, mode: 'Report' }), `${A}.mode`, /"enforce" or "report"/],
  [
    'an unknown mode beside reportUntil',
    withEntry({ ...ENTRY, mode: 'off', reportUntil: '2027-01-01T00:00:00Z' }),
    `${A}.mode`,
    /none of/,
  ],
  [
    'a date that does not exist',
    withEntry({ ...ENTRY, expires: '2027-02-30T00:00:00Z' }),
    `${A}.expires`,
    /does not exist/,
  ],
  ['a date without zone', withEntry({ ...ENTRY, reportUntil: '2027-02-28T00:00:00' }), `${A}.reportUntil`, /RFC 3339/],
  ['a date that is null', withEntry({ ...ENTRY, expires: null }), `${A}.expires`, /is null/],
  ['onExpiry without expires', withEntry({ ...ENTRY, onExpiry: 'report' }), `${A}.onExpiry`, /without "expires"/],
  ['no anchors in the list', withEntry({ ...ENTRY, anchors: [] }), `${A}.anchors`, /is empty/],
  ['an anchor that is no certificate', withEntry({ ...ENTRY, anchors: ['root'] }), `${A}.anchors[0]`, /PEM/],
  [
    'a URL for a host',
    { version: 1, hosts: { 'https://a.example/': ENTRY } },
    'hosts["https://a.example/"]',
    /"a\.example"/,
  ],
  ['a wildcard over a public suffix', { version: 1, hosts: { '*.co.uk': ENTRY } }, 'hosts["*.co.uk"]', /public suffix/],
  ['an empty host', { version: 1, hosts: { '': ENTRY } }, 'hosts[""]', /empty name/],
  [
    'a host twice',
    { version: 1, hosts: { 'API.x.example': ENTRY, 'api.x.example.': ENTRY } },
    'hosts["api.x.example."]',
    /same hosts as "API\.x\.example"/,
  ],
  [
    'an address twice',
    { version: 1, hosts: { '127.0.0.1': ENTRY, '[::ffff:127.0.0.1]': ENTRY } },
    'hosts["[::ffff:127.0.0.1]"]',
    /same hosts/,
  ],
  ['a host twice in the short form', { 'a.example': [PIN], 'A.example': [PIN] }, '["A.example"]', /same hosts/],
  ['an entry in the short form', { 'a.example': ENTRY }, '["a.example"]', /array of pins/],
  ['no pin in the short form', { 'a.example': [] }, '["a.example"]', /is empty/],
  ['a wrong pin in the short form', { 'a.example': [PIN, FIRST] }, '["a.example"][1]', /does not begin/],
  ['a deny list in the short form', { 'a.example': [PIN], deny: [PIN] }, 'deny', /without "version"/],
  ['a default in the short form', { 'a.example': [PIN], default: 'deny' }, 'default', /without "version"/],
]

describe('a malformed document is refused with its path:', () => {
  for (const [name, input, path, problem] of malformedDocuments) {
    test(name, () => {
      assert.throws(
        () => parsePolicy(input),
        (error) => {
          assert.ok(error instanceof PinnedFetchError)
          assert.equal(error.code, 'ERR_POLICY_MALFORMED')
          assert.partialDeepStrictEqual(error.evidence, { path })
          assert.match(error.message, problem)
          assert.match(error.message, /\n {2}hint {7}\S/)
          return true
        },
      )
    })
  }

  test('and another secret, put there by mistake, is not repeated in the message', () => {
    assert.throws(
      () => parsePolicy({ username: 'admin', password: 'hunter2', host: 'db.internal' }),
      (error: Error) => error.message.includes('username') && !/admin|hunter2|db\.internal/.test(error.message),
    )
  })

  test('and a key of a megabyte makes a short message', () => {
    assert.throws(
      () => parsePolicy({ ['a'.repeat(2 ** 20)]: [PIN] }),
      (error: Error) => error.message.length < 1_000,
    )
  })
})
