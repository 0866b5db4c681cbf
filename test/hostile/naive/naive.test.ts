/**
 * Keeps the comparison true: the guard that tutorials show lets through, or dies of, exactly the attacks that
 * failures.json lists, and refuses exactly the good calls listed there. Whoever adds an attack that it lets through, or
 * finds that a listed one fails no longer, renews the list with `node test/hostile/naive/run.ts --tutorial-only --write`.
 */

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { before, describe, it } from 'node:test'
import { keptKeys, leafOf, rootAuthority } from '../../support/authority.ts'
import { type Comparison, comparisonOf, type Finding, rowOf } from './comparison.ts'
import { play } from './play.ts'
import { documentedPin } from './tutorial-guard.ts'
import { judged } from './verdict.ts'

const listed = JSON.parse(readFileSync(new URL('failures.json', import.meta.url), 'utf8')) as Comparison

/** Node 22 survives the certificate of row 27. */
const isKilled = Number(process.versions.node.split('.')[0]) >= 24

const titlesOf = (findings: readonly Finding[]) => findings.map(({ file, title }) => `row ${rowOf(file)}: ${title}`)

describe('the guard that tutorials show, on the tests of test/attacks', () => {
  let found: Comparison
  before(async () => {
    found = comparisonOf(judged(await play({ guard: 'tutorial', isShort: true })))
  })

  it('lets through the listed attacks, and no other', (t) => {
    assert.deepEqual(titlesOf(found.letThrough), titlesOf(listed.letThrough))
    t.diagnostic(`${listed.letThrough.length} of ${listed.attacks} attacks get through`)
  })

  it('ends its process by the listed attacks, and no other, where Node does', () => {
    assert.deepEqual(titlesOf(found.endedTheProcess), isKilled ? titlesOf(listed.endedTheProcess) : [])
  })

  it('refuses the listed good calls, and no other', () => {
    assert.deepEqual(titlesOf(found.wronglyRefused), titlesOf(listed.wronglyRefused))
  })

  it('fails in no way that nobody has looked at', () => {
    assert.deepEqual(found.unclear, [])
  })

  it('is listed with what came of it, and by how many ways', () => {
    assert.deepEqual(listed.unclear, [])
    for (const { what, ways } of [...listed.letThrough, ...listed.endedTheProcess, ...listed.wronglyRefused]) {
      assert.ok(what !== '' && /^[1-9]\d* of \d+ ways$/.test(ways))
    }
  })
})

describe("the documented sample's own pin, word for word", () => {
  for (const [kind, isRight] of [
    ['rsa2048', true],
    ['p256', false],
  ] as const) {
    it(`is ${isRight ? 'the one' : 'none'} that openssl prints for a ${kind} key`, async () => {
      const leaf = await leafOf(await rootAuthority('Root'), ['a.test'], { keys: await keptKeys(kind, 'leaf') })
      const pin = documentedPin(new X509Certificate(leaf.der).toLegacyObject())
      assert.equal(pin === leaf.pin, isRight)
    })
  }
})
