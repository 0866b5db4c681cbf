/**
 * JSON texts in which a key comes twice, or does not: written by hand, so that the text says what `JSON.parse` forgets.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { findPinnedFetchError } from '../../../lib/errors.ts'
import { decodeDocument } from '../../../lib/source/decode.ts'
import { runs, type Tally } from './runs.ts'

const RUNS = 2_000

interface Text {
  readonly json: string
  /** Whether any object in it has a key twice. */
  readonly repeats: boolean
}

const word = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', '', '__proto__', '\u2028', '{"a":1,"a":2}', '\\', '"') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
)

/** A key or string, each character as it is or as its escape. */
const written = fc.tuple(word, fc.boolean()).map(([value, isEscaped]) => ({
  value,
  json: isEscaped
    ? `"${Array.from({ length: value.length }, (_, at) => escaped(value, at)).join('')}"`
    : JSON.stringify(value),
}))

const { text } = fc.letrec<{ text: Text }>((tie) => ({
  text: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    written.map(({ json }) => ({ json, repeats: false })),
    fc.constantFrom('1', 'null', '[]', '{}').map((json) => ({ json, repeats: false })),
    fc.array(tie('text'), { maxLength: 3 }).map((items) => ({
      json: `[${items.map(({ json }) => json).join(' ,')}]`,
      repeats: items.some(({ repeats }) => repeats),
    })),
    fc.array(fc.tuple(written, tie('text')), { maxLength: 4 }).map((members) => ({
      json: `{ ${members.map(([key, { json }]) => `${key.json}\n:${json}`).join(',')}}`,
      repeats:
        new Set(members.map(([key]) => key.value)).size < members.length || members.some(([, { repeats }]) => repeats),
    })),
  ),
}))

export function describeRepeatedKeys(tally: Tally): void {
  describe('a JSON text', () => {
    it('is refused exactly if a key comes twice in one of its objects', () => {
      let repeating = 0
      fc.assert(
        fc.property(text, ({ json, repeats }) => {
          tally.add('JSON texts')
          if (repeats) repeating += 1
          assert.equal(isRefused(json), repeats, json)
        }),
        runs(RUNS),
      )
      assert.ok(repeating > RUNS / 20, `only ${repeating} repeated a key`)
    })
  })
}

function isRefused(json: string): boolean {
  try {
    assert.deepEqual(decodeDocument(json, 's'), JSON.parse(json))
    return false
  } catch (error) {
    const ours = findPinnedFetchError(error)
    if (ours?.code !== 'ERR_POLICY_MALFORMED') throw error
    assert.match(ours.message, /comes twice/)
    return true
  }
}

function escaped(value: string, at: number): string {
  return `\\u${value.charCodeAt(at).toString(16).padStart(4, '0')}`
}
