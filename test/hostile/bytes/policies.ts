/**
 * Documents of any kind before the reader of policies: each is the policy that it says, or refused with a place.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { findPinnedFetchError } from '../../../lib/errors.ts'
import { type Policy, parsePolicy } from '../../../lib/policy/document.ts'
import { parseHostPattern } from '../../../lib/policy/host.ts'
import { decodeDocument, MAX_DOCUMENT_BYTES } from '../../../lib/source/decode.ts'
import { almostWholePolicy, almostWholeText, wholePolicy } from './policy-text.ts'
import { runs, type Tally, timesTried } from './runs.ts'

const RUNS = 1_000

/** Longest message of a refusal, whatever the document holds, in characters. */
const MAX_MESSAGE = 2_000

const PIN = 'sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='

export function describePolicies(tally: Tally): void {
  describe('a policy document', () => {
    it('that is whole is read as what it says', () => {
      fc.assert(
        fc.property(wholePolicy, (written) => {
          tally.add('whole policies')
          const policy = parsePolicy(decodeDocument(written.text, 's'))
          assert.equal(policy.default, written.default)
          assert.equal(policy.serial, written.serial)
          assert.deepEqual([...policy.deny], [...new Set(written.deny)])
          const entries = [...policy.hosts.entries()]
          assert.deepEqual(
            entries.map(({ pattern: { text }, ...meaning }) => [text, meaning]),
            Object.entries(written.hosts).map(([host, meaning]) => [parseHostPattern(host, '').text, meaning]),
          )
        }),
        runs(RUNS),
      )
    })

    it('that is almost whole is refused with a place in it, or read', () => {
      let read = 0
      fc.assert(
        fc.property(fc.oneof(almostWholePolicy, almostWholeText), (text) => {
          tally.add('documents almost whole')
          if (outcomeOf(() => decodeDocument(text, 's')) !== undefined) read += 1
        }),
        runs(RUNS),
      )
      assert.ok(read > RUNS / 50 && read < timesTried(RUNS) / 2, `${read} were read`)
    })

    it('that is any value is refused with a place in it', () => {
      const anything = fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withNullPrototype: true,
      })
      const around = fc.oneof(
        anything,
        anything.map((value) => ({ version: 1, hosts: { 'a.test': value } })),
        anything.map((value) => ({ version: 1, hosts: { 'a.test': { pins: [PIN, value] } } })),
        fc
          .tuple(fc.string({ unit: 'binary' }), anything)
          .map(([key, value]) => ({ version: 1, hosts: {}, [key]: value })),
        fc.tuple(fc.string({ unit: 'binary' }), anything).map(([key, value]) => ({ [key]: value })),
      )
      fc.assert(
        fc.property(around, (value) => {
          tally.add('values of any kind')
          outcomeOf(() => value)
        }),
        runs(RUNS),
      )
    })

    it('inherits nothing: what every object has by its prototype is in no document', () => {
      const inherited = { pins: [PIN], mode: 'report', default: 'allow', version: 1, hosts: {} }
      const json = JSON.stringify(inherited)
      for (const text of [
        `{ "__proto__": ${json} }`,
        `{ "version": 1, "__proto__": ${json}, "hosts": { "a.test": { "pins": ["${PIN}"] } } }`,
        `{ "version": 1, "hosts": { "a.test": { "__proto__": ${json} } } }`,
        `{ "version": 1, "hosts": { "a.test": { "pins": [{ "__proto__": { "sha256": "x" } }] } } }`,
        `{ "version": 1, "hosts": { "a.test": { "pins": ["${PIN}"], "constructor": { "prototype": ${json} } } } }`,
      ]) {
        tally.add('prototypes')
        assert.equal(
          outcomeOf(() => decodeDocument(text, 's')),
          undefined,
          text,
        )
      }
      for (const value of [
        Object.create(inherited),
        { version: 1, hosts: Object.create({ 'a.test': inherited }) },
        { version: 1, hosts: { 'a.test': Object.create(inherited) } },
        { version: 1, hosts: { 'a.test': { pins: [Object.create({ sha256: PIN.slice(7) })] } } },
      ]) {
        tally.add('prototypes')
        assert.equal(
          outcomeOf(() => value),
          undefined,
        )
      }
      assert.deepEqual(Reflect.ownKeys({}), [])
      assert.equal(({} as Record<string, unknown>)['mode'], undefined)
    })

    it('that is as long as it may be, and as deep, is refused in a short message', () => {
      const depth = MAX_DOCUMENT_BYTES / 2 - 100
      const pinsAtDepth = (inner: string) => `{ "version": 1, "hosts": { "a.test": { "pins": ${inner} } } }`
      for (const text of [
        '['.repeat(depth) + ']'.repeat(depth),
        pinsAtDepth('['.repeat(depth) + ']'.repeat(depth)),
        `${'{"a":'.repeat(depth / 3)}1${'}'.repeat(depth / 3)}`,
        pinsAtDepth(`${'{"__proto__":'.repeat(depth / 7)}1${'}'.repeat(depth / 7)}`),
        pinsAtDepth(
          `[${Array(depth / 2)
            .fill('0')
            .join()}]`,
        ),
        pinsAtDepth(JSON.stringify(['x'.repeat(depth)])),
        `{ ${JSON.stringify('\u0000'.repeat(depth / 4))}: 1 }`,
        '['.repeat(MAX_DOCUMENT_BYTES),
      ]) {
        tally.add('long and deep documents')
        assert.equal(
          outcomeOf(() => decodeDocument(text, 's')),
          undefined,
          text.slice(0, 80),
        )
      }
    })

    it('with as many hosts as fit is read, and each is found', () => {
      const hosts = Object.fromEntries(Array.from({ length: 800 }, (_, index) => [`h${index}.x.test`, { pins: [PIN] }]))
      const text = JSON.stringify({ version: 1, hosts })
      assert.ok(text.length < MAX_DOCUMENT_BYTES)
      const policy = outcomeOf(() => decodeDocument(text, 's'))
      tally.add('long and deep documents')
      assert.equal(policy?.hosts.size, 800)
      assert.equal(policy?.hosts.find('h799.x.test', 443)?.pattern.text, 'h799.x.test')
    })
  })
}

/** The policy; or undefined, when the document was refused as it should be. */
function outcomeOf(documentOf: () => unknown): Policy | undefined {
  let document: unknown
  try {
    document = documentOf()
    return parsePolicy(document)
  } catch (error) {
    const ours = findPinnedFetchError(error)
    if (ours?.code !== 'ERR_POLICY_MALFORMED') throw error
    assert.ok(ours.evidence.problem !== '' && ours.evidence.repair !== '')
    assert.ok(ours.message.length <= MAX_MESSAGE, `a message of ${ours.message.length} characters`)
    // What the text alone says, twice, has no place in its value.
    if (document !== undefined) assertPlace(document, ours.evidence.path)
    return undefined
  }
}

/** Every step of the path but the last leads somewhere: the last may be what is missing. */
function assertPlace(document: unknown, path: string): void {
  const steps = path.match(/\["(?:[^"\\]|\\.)*"\]|\[\d+\]|[^.[\]]+/g) ?? []
  let place: unknown = document
  for (const step of steps.slice(0, -1)) {
    const key: string = step.startsWith('[') ? String(JSON.parse(step.slice(1, -1))) : step
    assert.ok(typeof place === 'object' && place !== null && Object.hasOwn(place, key), `${path} leads nowhere`)
    place = Reflect.get(place, key)
  }
}
