/**
 * The cases of x509-limbo and BetterTLS put to `verifyPath` alone, those without a key included. Over TLS, where Node's
 * own verification comes first: test/hostile/limbo.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { counted } from '../hostile/limbo/counted.ts'
import { GROUPS, knownDivergences, listErrors, type Result } from '../hostile/limbo/divergences.ts'
import { recordResult } from '../hostile/suite-result.ts'
import { answerTo, isBetterTls, type LimboCase, readCases } from './limbo.ts'
import { absent } from './real-chains.ts'

const BETTER_TLS_CASES = 9_572

const limboAbsent = absent('limbo.json.gz')
const betterTlsAbsent = absent('limbo-bettertls.json.gz')
for (const reason of [limboAbsent, betterTlsAbsent]) if (reason) console.error(reason)

interface Answered {
  readonly id: string
  readonly expected: Result
  readonly got: Result
}

function answersTo(cases: readonly LimboCase[]): Answered[] {
  return cases.flatMap((limbo) => {
    const answer = answerTo(limbo)
    if (answer === undefined) return []
    const expected = limbo.expected_result === 'SUCCESS' ? 'accepted' : 'refused'
    return [{ id: limbo.id, expected, got: answer.verified === undefined ? 'refused' : 'accepted' }]
  })
}

describe('the cases of x509-limbo', () => {
  it('are answered as expected, but for the listed ones', { skip: limboAbsent }, async (test) => {
    const cases = readCases('limbo.json.gz').filter((limbo) => !isBetterTls(limbo))
    const answers = answersTo(cases)
    assert.ok(answers.length > 190, `${answers.length} cases`)
    assert.deepEqual(listErrors('verifyPath', answers), [])
    const diverging = divergencesOf(answers)
    test.diagnostic(`${answers.length} cases, ${diverging.length} answered otherwise for a stated reason`)
    await record('x509-limbo through verifyPath', 'C2SP/x509-limbo', {
      answers,
      untried: cases.length - answers.length,
    })
  })

  it('are answered otherwise for a reason that somebody wrote down, each once', () => {
    for (const asked of ['verifyPath', 'guard'] as const) {
      const listed = GROUPS.filter(({ askedOf }) => askedOf.includes(asked)).flatMap(({ cases }) => cases)
      assert.equal(new Set(listed).size, listed.length)
    }
    for (const { reason, expected, got, askedOf } of GROUPS) {
      assert.ok(reason.length > 40, reason)
      assert.notEqual(expected, got)
      if (askedOf.includes('verifyPath')) assert.equal(got, 'accepted', 'no case that is right may be refused')
    }
  })
})

describe('the cases of BetterTLS', () => {
  it(`are answered as expected, all ${BETTER_TLS_CASES}`, { skip: betterTlsAbsent }, async () => {
    const answers = answersTo(readCases('limbo-bettertls.json.gz').filter(isBetterTls))
    assert.equal(answers.length, BETTER_TLS_CASES)
    assert.deepEqual(divergencesOf(answers), [])
    await record('BetterTLS through verifyPath', 'Netflix BetterTLS, as x509-limbo cases', { answers, untried: 0 })
  })
})

function divergencesOf(answers: readonly Answered[]): Answered[] {
  return answers.filter(({ expected, got }) => expected !== got)
}

async function record(
  suite: string,
  source: string,
  { answers, untried }: { readonly answers: readonly Answered[]; readonly untried: number },
): Promise<void> {
  const known = knownDivergences('verifyPath')
  await recordResult({
    suite,
    source,
    command: 'npm test test/x509/path-limbo.test.ts',
    cases: answers.length,
    expected: counted(answers.map(({ expected }) => expected)),
    got: counted(answers.map(({ got }) => got)),
    divergences: divergencesOf(answers).map(({ id, expected, got }) => {
      return { case: id, expected, got, reason: known.get(id)?.reason ?? 'not listed' }
    }),
    notTried:
      untried === 0
        ? []
        : [{ cases: untried, reason: 'the case is about the certificate of a client, or expects no host name' }],
  })
}
