import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findPinnedFetchError } from '../../lib/errors.ts'
import { decodeDocument } from '../../lib/source/decode.ts'
import { repeatedKey } from '../../lib/source/repeated-key.ts'

describe('a key that comes twice', () => {
  for (const [text, path] of [
    ['{ "a": 1, "a": 2 }', ['a']],
    ['{ "a": 1, "\\u0061": 2 }', ['a']],
    ['{ "hosts": { "a.test": {}, "b.test": {}, "a.test": {} } }', ['hosts', 'a.test']],
    ['{ "hosts": { "a.test": { "pins": [{ "name": "x", "name": "y" }] } } }', ['hosts', 'a.test', 'pins', 'name']],
    ['[{ "x": { "y": 1 }, "y": 2, "x": 3 }]', ['x']],
  ] as const) {
    it(`is found in ${text}`, () => assert.deepEqual(repeatedKey(text), path))
  }

  for (const text of [
    '{}',
    '"a"',
    '{ "a": "a", "b": ["a", "a", { "a": "b" }, { "a": "c" }], "c": { "a": { "a": {} } } }',
    '{ "a": "{\\"a\\": 1, \\"a\\": 2}", "b": "a\\\\", "c": ":" }',
  ]) {
    it(`is not in ${text}`, () => assert.equal(repeatedKey(text), undefined))
  }

  it('refuses the whole document, with its path: a reader sees the first, the machine would take the last', () => {
    const document = '{ "version": 1, "hosts": { "a.test": { "pins": [] }, "a.test": { "mode": "report" } } }'
    assert.throws(
      () => decodeDocument(document, 'secret "pins"'),
      (error) => {
        const failure = findPinnedFetchError(error)
        assert.ok(failure?.code === 'ERR_POLICY_MALFORMED')
        assert.equal(failure.evidence.path, 'hosts["a.test"]')
        assert.match(failure.message, /comes twice/)
        return true
      },
    )
  })
})
