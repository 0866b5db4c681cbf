import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parsePolicy } from '../../lib/policy/document.ts'
import {
  newPolicyText,
  withDenied,
  withNextSerial,
  withoutDenied,
  withoutHost,
  withoutHostPins,
  withPins,
  withSetting,
} from '../../lib/policy/edit.ts'
import { insertMember, jsonValue, readJson, removeMember } from '../../lib/policy/json-text.ts'

const FIRST = 'grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='
const SECOND = 'klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY='
const THIRD = `${'A'.repeat(43)}=`

const WRITTEN = `{
    "version": 1,
    "hosts": {
        "API.partner.example": {
            "mode": "enforce", "pins": ["sha256/${FIRST}",
                { "expires": "2027-06-30T02:00:00+02:00", "name": "next \\u006bey", "sha256": "${SECOND}" }],
            "expires": "2027-09-30T00:00:00Z"
        }
    },
    "serial": 7
}
`

const pin = (sha256: string) => ({ list: 'pins' as const, sha256 })

describe('an edit of a policy as it is written', () => {
  test('adds a pin behind the others, and touches nothing else', () => {
    const edited = withPins(WRITTEN, 'api.partner.example.', [{ ...pin(THIRD), name: 'spare' }])
    const [before, after] = edited.split(`, { "sha256": "${THIRD}", "name": "spare" }`)
    assert.equal(`${before}${after}`, WRITTEN)
  })

  test('makes an entry in the indentation of the document', () => {
    const added = withPins(WRITTEN, 'Bank.Example:8443', [
      pin(FIRST),
      { ...pin(SECOND), expires: '2027-06-30T00:00:00Z' },
    ])
    const entry = `,
        "bank.example:8443": {
            "pins": [
                "sha256/${FIRST}",
                { "sha256": "${SECOND}", "expires": "2027-06-30T00:00:00Z" }
            ]
        }`
    assert.equal(added, WRITTEN.replace('\n    },\n    "serial"', `${entry}\n    },\n    "serial"`))
  })

  test('adds a list beside the lists', () => {
    const edited = withPins(WRITTEN, 'api.partner.example', [{ list: 'issuerPins', sha256: THIRD }])
    const list = `,\n            "issuerPins": [\n                "sha256/${THIRD}"\n            ]`
    assert.ok(edited.includes(`}]${list},`), edited)
    assert.equal(edited.replace(list, ''), WRITTEN)
  })

  test('gives a pin that is there a name and an end, and keeps what is not said', () => {
    const named = withPins(WRITTEN, 'api.partner.example', [{ ...pin(SECOND), name: 'this key' }])
    assert.deepEqual(JSON.parse(named).hosts['API.partner.example'].pins[1], {
      sha256: SECOND,
      name: 'this key',
      expires: '2027-06-30T02:00:00+02:00',
    })
    assert.equal(withPins(WRITTEN, 'api.partner.example', [pin(SECOND), pin(FIRST)]), WRITTEN)
  })

  test('raises a serial that is there', () => {
    assert.equal(withNextSerial(WRITTEN), WRITTEN.replace('"serial": 7', '"serial": 8'))
    const short = `{ "a.example": ["sha256/${FIRST}"] }`
    assert.equal(withNextSerial(short), short)
  })

  test('takes a pin, a list with its last pin, and an entry with its last list', () => {
    const without = withoutHostPins(WRITTEN, 'api.partner.example', [FIRST])
    assert.ok(without.includes('"name": "next \\u006bey"'), without)
    assert.equal(JSON.parse(without).hosts['API.partner.example'].pins.length, 1)
    const both = `{"version":1,"hosts":{"a.example":{"leafPins":["sha256/${FIRST}"],"issuerPins":["sha256/${SECOND}"]}}}`
    assert.equal(
      withoutHostPins(both, 'a.example', [FIRST]),
      `{"version":1,"hosts":{"a.example":{"issuerPins":["sha256/${SECOND}"]}}}`,
    )
    assert.equal(withoutHostPins(both, 'a.example', [FIRST, SECOND]), '{"version":1,"hosts":{}}')
  })

  test('takes an entry, in either form', () => {
    assert.equal(JSON.stringify(JSON.parse(withoutHost(WRITTEN, 'API.partner.example')).hosts), '{}')
    const short = `{ "a.example": ["sha256/${FIRST}"], "b.example": ["sha256/${FIRST}", "sha256/${SECOND}"] }`
    assert.equal(withoutHost(short, 'a.example'), `{ "b.example": ["sha256/${FIRST}", "sha256/${SECOND}"] }`)
    assert.equal(withoutHost(short, 'b.example'), `{ "a.example": ["sha256/${FIRST}"] }`)
    assert.equal(withoutHostPins(short, 'a.example', [FIRST]), withoutHost(short, 'a.example'))
    assert.equal(withoutHost(short, 'c.example'), short)
  })

  test('keeps the short form as long as it can', () => {
    const short = `{ "a.example": ["sha256/${FIRST}"] }`
    const added = withPins(short, 'b.example', [pin(SECOND)])
    assert.equal(added, `{ "a.example": ["sha256/${FIRST}"], "b.example": ["sha256/${SECOND}"] }`)
    const full = JSON.parse(withPins(short, 'a.example', [{ list: 'leafPins', sha256: SECOND }]))
    assert.deepEqual(full, {
      version: 1,
      hosts: { 'a.example': { pins: [`sha256/${FIRST}`], leafPins: [`sha256/${SECOND}`] } },
    })
  })

  test('gives an entry a setting, another value, and takes it out without a trace', () => {
    const host = 'api.partner.example'
    const until = (value: string | undefined, text = WRITTEN) => withSetting(text, host, 'reportUntil', value)
    const opened = until('2026-11-25T02:00:00Z')
    assert.ok(opened.includes('"2027-09-30T00:00:00Z",\n            "reportUntil": "2026-11-25T02:00:00Z"\n'), opened)
    assert.equal(until('2026-11-25T03:00:00+01:00', opened), opened)
    assert.equal(until('2026-11-25T04:00:00Z', opened), opened.replace('T02:00:00Z', 'T04:00:00Z'))
    assert.equal(until(undefined, opened), WRITTEN)
    assert.equal(until(undefined), WRITTEN)
    const without = withSetting(WRITTEN, host, 'expires', undefined)
    assert.deepEqual(Object.keys(JSON.parse(without).hosts['API.partner.example']), ['mode', 'pins'])
    assert.equal(withSetting(WRITTEN, 'another.example', 'expires', '2027-01-01T00:00:00Z'), WRITTEN)
  })

  test('gives a short document the full form only for a setting that comes', () => {
    const short = `{ "a.example": ["sha256/${FIRST}"] }`
    assert.equal(withSetting(short, 'a.example', 'expires', undefined), short)
    assert.deepEqual(JSON.parse(withSetting(short, 'a.example', 'expires', '2027-01-01T00:00:00Z')), {
      version: 1,
      hosts: { 'a.example': { pins: [`sha256/${FIRST}`], expires: '2027-01-01T00:00:00Z' } },
    })
  })

  test('denies a key, and lifts that without a trace, however often it stands there', () => {
    const denied = withDenied(WRITTEN, FIRST)
    assert.deepEqual(JSON.parse(denied).deny, [`sha256/${FIRST}`])
    assert.equal(withDenied(denied, FIRST), denied)
    const both = withDenied(denied, SECOND)
    assert.deepEqual(JSON.parse(both).deny, [`sha256/${FIRST}`, `sha256/${SECOND}`])
    assert.equal(withoutDenied(both, SECOND), denied)
    assert.equal(withoutDenied(denied, FIRST), WRITTEN)
    assert.equal(withoutDenied(WRITTEN, FIRST), WRITTEN)
    const twice = both.replace(`sha256/${SECOND}`, `sha256/${FIRST}`)
    assert.equal(withoutDenied(twice, FIRST), WRITTEN)
    const short = withDenied(`{ "a.example": ["sha256/${FIRST}"] }`, SECOND)
    assert.deepEqual([...parsePolicy(JSON.parse(short)).deny], [SECOND])
  })

  test('begins a policy, which is one with its first host', () => {
    const empty = newPolicyText({ default: 'deny' })
    assert.throws(() => parsePolicy(JSON.parse(empty)), { code: 'ERR_POLICY_MALFORMED' })
    const text = withPins(empty, 'a.example', [pin(FIRST), pin(SECOND)])
    assert.equal(parsePolicy(JSON.parse(text)).hosts.size, 1)
    assert.equal(
      text,
      `${JSON.stringify({ version: 1, serial: 1, default: 'deny', hosts: { 'a.example': { pins: [`sha256/${FIRST}`, `sha256/${SECOND}`] } } }, null, 2)}\n`,
    )
  })
})

describe('JSON text', () => {
  const styles = fc.constantFrom(undefined, 2, '\t')
  const containers = fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue()))

  test('of any value: every member is where it is said to be', () => {
    fc.assert(
      fc.property(containers, styles, (value, style) => {
        const text = JSON.stringify(value, null, style)
        const root = readJson(text)
        assert.equal(root.end, text.length)
        assert.deepEqual(
          root.members.map(({ key, node }) => [key, jsonValue(text, node)]),
          Object.entries(JSON.parse(text)).map(([key, item]) => [Array.isArray(value) ? '' : key, item]),
        )
      }),
    )
  })

  test('of any value: a member comes, and goes without a trace', () => {
    fc.assert(
      fc.property(containers, styles, fc.jsonValue(), (value, style, added) => {
        const text = JSON.stringify(value, null, style)
        const root = readJson(text)
        const key = root.kind === 'array' ? undefined : 'a key that is new'
        const longer = insertMember(text, root, { value: added, ...(key === undefined ? {} : { key }) })
        assert.deepEqual(
          JSON.parse(longer),
          JSON.parse(JSON.stringify(Array.isArray(value) ? [...value, added] : { ...value, [key ?? '']: added })),
        )
        const whole = readJson(longer)
        const last = whole.members.at(-1)
        assert.ok(last)
        assert.equal(removeMember(longer, whole, last), text)
      }),
    )
  })
})
