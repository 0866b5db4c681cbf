import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { answerTo, isBetterTls, type LimboCase, readCases } from './limbo.ts'
import { absent } from './real-chains.ts'

/** Cases answered otherwise than expected, under the reason that makes it right for us. */
type Divergences = readonly {
  readonly answer: 'accepted' | 'refused'
  readonly reason: string
  readonly cases: readonly string[]
}[]

const DIVERGENCES = JSON.parse(readFileSync(new URL('limbo-divergences.json', import.meta.url), 'utf8')) as Divergences

const BETTER_TLS_CASES = 9_572

const limboAbsent = absent('limbo.json.gz')
const betterTlsAbsent = absent('limbo-bettertls.json.gz')
for (const reason of [limboAbsent, betterTlsAbsent]) if (reason) console.error(reason)

/** Those that are answered otherwise than expected, as `<answer> <id>`. */
function divergencesOf(cases: readonly LimboCase[]): { asked: number; diverging: string[] } {
  let asked = 0
  const diverging: string[] = []
  for (const limbo of cases) {
    const answer = answerTo(limbo)
    if (answer === undefined) continue
    asked += 1
    const result = answer.verified === undefined ? 'FAILURE' : 'SUCCESS'
    if (result !== limbo.expected_result) diverging.push(`${result === 'SUCCESS' ? 'accepted' : 'refused'} ${limbo.id}`)
  }
  return { asked, diverging }
}

describe('the cases of x509-limbo', () => {
  it('are answered as expected, but for the listed ones', { skip: limboAbsent }, (test) => {
    const { asked, diverging } = divergencesOf(readCases('limbo.json.gz').filter((limbo) => !isBetterTls(limbo)))
    const listed = DIVERGENCES.flatMap(({ answer, cases }) => cases.map((id) => `${answer} ${id}`))
    assert.ok(asked > 190, `${asked} cases`)
    assert.deepEqual(
      diverging.filter((answer) => !listed.includes(answer)),
      [],
      'answered otherwise, and not listed',
    )
    assert.deepEqual(
      listed.filter((answer) => !diverging.includes(answer)),
      [],
      'listed, and answered as expected',
    )
    test.diagnostic(`${asked} cases, ${diverging.length} answered otherwise for a stated reason`)
  })

  it('are answered otherwise for a reason that somebody wrote down, each once', () => {
    const ids = DIVERGENCES.flatMap(({ cases }) => cases)
    assert.equal(new Set(ids).size, ids.length)
    for (const { reason, answer } of DIVERGENCES) {
      assert.ok(reason.length > 40, reason)
      assert.equal(answer, 'accepted', 'no case that is right may be refused')
    }
  })
})

describe('the cases of BetterTLS', () => {
  it(`are answered as expected, all ${BETTER_TLS_CASES}`, { skip: betterTlsAbsent }, () => {
    const { asked, diverging } = divergencesOf(readCases('limbo-bettertls.json.gz').filter(isBetterTls))
    assert.equal(asked, BETTER_TLS_CASES)
    assert.deepEqual(diverging, [])
  })
})
