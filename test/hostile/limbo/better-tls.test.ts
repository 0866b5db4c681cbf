/**
 * Every thirteenth case of Netflix BetterTLS over TLS, with `pinnedAgent`, the cheapest of the four surfaces, and some with
 * the others as well. All of them are run by `npm run test:limbo`; `verifyPath` is asked all of them on every push
 * (test/x509/path-limbo.test.ts).
 */

import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { BETTER_TLS, notTried, servedCases } from './cases.ts'
import { PROMISES } from './promises.ts'
import { summary } from './report.ts'
import { runSuite, type SuiteRun, unableToRun } from './suite-run.ts'

const CASES = 9_572

/** The suite varies its cases by twos and threes, so a step of thirteen meets every kind of them. */
const STEP = 13

const skip = unableToRun(BETTER_TLS)
if (skip) console.error(skip)

describe(`BetterTLS over TLS, every ${STEP}th case`, { skip }, () => {
  let run: SuiteRun
  before(async () => {
    run = await runSuite(BETTER_TLS, (position) => position % STEP === 0)
  })

  it('can be served whole, and a part of it is', (test) => {
    assert.equal(servedCases(BETTER_TLS).length, CASES)
    assert.deepEqual(notTried(BETTER_TLS), [])
    assert.equal(run.outcomes.length, Math.ceil(CASES / STEP))
    test.diagnostic(summary(run))
  })

  for (const { sentence, broken } of PROMISES) it(sentence, () => assert.deepEqual(broken(run.outcomes), []))
})
