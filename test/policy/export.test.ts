import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parsePolicy } from '../../lib/policy/document.ts'
import { exportPolicy, TARGETS, type TargetName } from '../../lib/policy/export/export.ts'
import type { PlanOptions } from '../../lib/policy/export/plan.ts'
import { rootAuthority } from '../support/authority.ts'

const A = 'grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='
const B = 'klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY='
const C = `${'A'.repeat(43)}=`
const pin = (sha256: string) => `sha256/${sha256}`
const GOOD = { pins: [pin(A), pin(B)] }
const NOW = Date.UTC(2027, 0, 1)
const BEFORE = '2026-12-31T00:00:00Z'
const AFTER = '2027-03-02T12:00:00Z'
const NAMES = Object.keys(TARGETS) as TargetName[]

interface Said {
  /** `effect path` of each note, without what is said of the default. */
  readonly notes: readonly string[]
  readonly text: string
  readonly value: unknown
  readonly size: number
}

function said(to: TargetName, hosts: object, rest: object = {}, options: Partial<PlanOptions> = {}): Said {
  const policy = parsePolicy({ version: 1, hosts, ...rest })
  const { notes, text, value, size } = exportPolicy(policy, to, { now: NOW, ...options })
  const told = notes.filter(({ path }) => path !== 'default').map(({ effect, path }) => `${effect} ${path}`)
  return { notes: told, text, value, size }
}

function weakened(to: TargetName, hosts: object, rest: object = {}, options: Partial<PlanOptions> = {}): boolean {
  return said(to, hosts, rest, options).notes.some((note) => note.startsWith('weaker'))
}

describe('an export of what a target can say', () => {
  test('is told without a note, hosts without an entry aside', () => {
    for (const to of ['android', 'okhttp', 'trustkit'] as const) {
      assert.deepEqual(said(to, { 'a.example': GOOD }).notes, [], to)
      assert.deepEqual(said(to, { '**.a.example': GOOD }).notes, [], to)
    }
    assert.deepEqual(said('ios', { 'a.example': { leafPins: [pin(A)], issuerPins: [pin(B)] } }).notes, [])
    for (const to of ['curl', 'envoy'] as const) {
      assert.deepEqual(said(to, { 'a.example:443': { leafPins: [pin(A), pin(B)] } }).notes, [], to)
    }
  })

  test('holds each pin, and none that has expired or is denied', () => {
    const expired = { sha256: C, expires: BEFORE }
    for (const to of NAMES) {
      const { text } = said(to, { 'a.example': { leafPins: [pin(A), pin(B), expired] } })
      assert.ok(text.includes(A) && text.includes(B) && !text.includes(C), to)
      const denied = said(to, { 'a.example': { leafPins: [pin(A), pin(B), pin(C)] } }, { deny: [pin(C)] })
      assert.ok(denied.text.includes(A) && !denied.text.includes(C), to)
      assert.ok(denied.notes.includes('weaker deny'), to)
    }
  })
})

describe('what a target would weaken', () => {
  const weakenedBy: Record<string, readonly [object, readonly TargetName[]]> = {
    'two lists that must both match': [
      { 'a.example': { leafPins: [pin(A), pin(B)], issuerPins: [pin(C)] } },
      ['android', 'okhttp', 'trustkit', 'curl', 'envoy'],
    ],
    'keys above the server': [{ 'a.example': { issuerPins: [pin(A), pin(B)] } }, ['curl', 'envoy']],
    'any key and a role': [{ 'a.example': { pins: [pin(A), pin(B)], leafPins: [pin(A), pin(C)] } }, NAMES],
    'keys without a role': [{ 'a.example': GOOD }, ['ios']],
    'a wildcard of one label': [{ '*.a.example': { leafPins: [pin(A), pin(B)] } }, ['curl', 'envoy']],
    'a wildcard of any depth': [{ '**.a.example': { leafPins: [pin(A), pin(B)] } }, ['ios', 'curl', 'envoy']],
    'two ports of one host': [
      { 'a.example': { leafPins: [pin(A), pin(B)] }, 'a.example:8443': { leafPins: [pin(C), pin(B)] } },
      ['android', 'ios', 'okhttp', 'trustkit'],
    ],
    'an exception below a wildcard': [
      { '**.a.example': { leafPins: [pin(A), pin(B)] }, 'b.a.example': { leafPins: [pin(C), pin(B)] } },
      ['okhttp', 'ios', 'curl', 'envoy'],
    ],
    'an exception below a wildcard of one label': [
      { '*.a.example': { leafPins: [pin(A), pin(B)] }, 'b.a.example': { leafPins: [pin(C), pin(B)] } },
      ['okhttp', 'ios', 'curl', 'envoy'],
    ],
    'a wildcard below a wildcard': [
      { '**.a.example': { leafPins: [pin(A), pin(B)] }, '**.b.a.example': { leafPins: [pin(C), pin(B)] } },
      ['okhttp', 'ios', 'trustkit', 'curl', 'envoy'],
    ],
    'a wildcard in report mode above an exception': [
      { '**.a.example': { ...GOOD, mode: 'report' }, '**.b.a.example': GOOD },
      ['ios', 'trustkit', 'curl', 'envoy'],
    ],
    'an exception of the wildcard itself': [
      { '**.a.example': { leafPins: [pin(A), pin(B)] }, 'a.example': { leafPins: [pin(C), pin(B)] } },
      NAMES,
    ],
    'one pin': [{ 'a.example': { leafPins: [pin(A)] } }, ['trustkit']],
    'no pin that can match': [{ 'a.example': { leafPins: [{ sha256: A, expires: BEFORE }] } }, NAMES],
    'an IPv4 address': [{ '192.0.2.1': { leafPins: [pin(A), pin(B)] } }, ['ios', 'trustkit']],
    'an IPv6 address': [{ '[2001:db8::1]': { leafPins: [pin(A), pin(B)] } }, ['android', 'ios', 'okhttp', 'trustkit']],
  }

  for (const [what, [hosts, targets]] of Object.entries(weakenedBy)) {
    test(`${what}: ${targets.join(', ')}`, () => {
      assert.deepEqual(
        NAMES.filter((to) => weakened(to, hosts)),
        NAMES.filter((to) => targets.includes(to)),
      )
    })
  }

  test('roots of a host of its own: all but Envoy', async () => {
    const root = await rootAuthority('Root')
    const hosts = { 'a.example': { leafPins: [pin(A), pin(B)], anchors: [root.certificate] } }
    assert.deepEqual(
      NAMES.filter((to) => !weakened(to, hosts)),
      ['envoy'],
    )
    assert.ok(JSON.stringify(said('envoy', hosts).value).includes('BEGIN CERTIFICATE'))
  })

  test('keys without a role are said of iOS when somebody knows what they are', () => {
    const { value, notes } = said('ios', { 'a.example': GOOD }, {}, { pinsAs: 'issuer' })
    assert.deepEqual(notes, ['other hosts["a.example"].pins'])
    const identities = [{ 'SPKI-SHA256-BASE64': A }, { 'SPKI-SHA256-BASE64': B }]
    assert.deepEqual(value, {
      NSAppTransportSecurity: {
        NSPinnedDomains: { 'a.example': { NSIncludesSubdomains: false, NSPinnedCAIdentities: identities } },
      },
    })
  })

  test('pins of a wildcard pass for an exception below it in OkHttp, unless they are its own too', () => {
    const narrow = { '**.a.example': { pins: [pin(A)] }, 'b.a.example': GOOD }
    assert.equal(weakened('okhttp', narrow), false)
    assert.equal(weakened('okhttp', { '*.a.example': GOOD, 'b.a.example': { pins: [pin(A)] } }), true)
    assert.equal(weakened('okhttp', { '*.a.example': GOOD, 'c.b.a.example': { pins: [pin(A)] } }), false)
  })
})

describe('dates and modes in an export', () => {
  test('an entry in report mode is left out, or told as it is', () => {
    const hosts = { 'a.example': { ...GOOD, mode: 'report' }, 'b.example': { leafPins: [pin(A), pin(B)] } }
    for (const to of NAMES) {
      const { text, size, notes } = said(to, hosts)
      assert.equal(size, to === 'trustkit' ? 2 : 1, to)
      if (to === 'trustkit') assert.match(text, /<key>TSKEnforcePinning<\/key>\s*<false\/>/)
      else assert.ok(notes.includes('other hosts["a.example"]'), to)
    }
    const open = { 'a.example': { ...GOOD, reportUntil: AFTER }, '**.example.org': GOOD }
    assert.equal(said('android', open).size, 1)
    assert.equal(said('android', open, {}, { now: Date.parse(AFTER) }).size, 2)
  })

  test('an entry in report mode that falls to a broader one is told', () => {
    const { notes } = said('android', { 'b.a.example': { ...GOOD, mode: 'report' }, '**.a.example': GOOD })
    assert.deepEqual(notes, ['other hosts["b.a.example"]', 'other hosts["b.a.example"]'])
  })

  test('the end of a host that opens it is never earlier than in the policy', () => {
    const hosts = { 'a.example': { ...GOOD, expires: AFTER, onExpiry: 'report' } }
    assert.match(said('android', hosts).text, /expiration="2027-03-03"/)
    assert.match(said('trustkit', hosts).text, /<key>TSKExpirationDate<\/key>\s*<string>2027-03-03</)
    assert.deepEqual(said('okhttp', hosts).notes, ['other hosts["a.example"].expires'])
    const midnight = { 'a.example': { ...GOOD, expires: '2027-03-02T00:00:00Z', onExpiry: 'report' } }
    assert.match(said('android', midnight).text, /expiration="2027-03-02"/)
    assert.equal(said('android', midnight, {}, { now: Date.parse(AFTER) }).size, 0)
  })

  test('an end that goes on enforcing opens nothing', () => {
    const { text, notes } = said('android', { 'a.example': { ...GOOD, expires: AFTER } })
    assert.ok(!text.includes('expiration'))
    assert.deepEqual(notes, [])
  })

  test('the end of one pin is told', () => {
    const hosts = { 'a.example': { leafPins: [pin(A), { sha256: B, expires: AFTER }] } }
    for (const to of NAMES) assert.ok(said(to, hosts).notes.includes('other hosts["a.example"]'), to)
  })
})

describe('the hosts that are named', () => {
  test('are exported by the entry that covers them, as exact names', () => {
    const hosts = [{ host: 'b.a.example', port: 8443 }]
    const wild = { '**.a.example': { leafPins: [pin(A), pin(B)] }, 'c.example': GOOD }
    assert.match(said('curl', wild, {}, { hosts }).text, /'https:\/\/b\.a\.example:8443\/'\n$/)
    for (const to of NAMES) {
      assert.equal(said(to, wild, {}, { hosts }).size, 1, to)
      assert.equal(weakened(to, wild, {}, { hosts }), false, to)
    }
    assert.match(said('android', wild, {}, { hosts }).text, /includeSubdomains="false">b\.a\.example</)
  })

  test('have no default to lose in curl and Envoy', () => {
    const policy = parsePolicy({ version: 1, hosts: { 'a.example': GOOD } })
    const told = NAMES.filter((to) =>
      exportPolicy(policy, to, { now: NOW }).notes.some(({ path }) => path === 'default'),
    )
    assert.deepEqual(told, ['android', 'ios', 'okhttp', 'trustkit'])
  })
})
