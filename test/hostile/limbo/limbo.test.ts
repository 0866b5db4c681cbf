/**
 * The cases of C2SP/x509-limbo over TLS, on all four surfaces, each at its own time: what Node alone refuses we refuse,
 * what is right and passes Node passes us, and what is answered otherwise than expected is listed with a reason.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { LIMBO, notTried, servedCases } from './cases.ts'
import { noFakeTime } from './portion.ts'
import { PROMISES } from './promises.ts'
import { recordRun, summary } from './report.ts'
import { runSuite, type SuiteRun, unableToRun } from './suite-run.ts'

/** In limbo.json.gz, with those that can't be tried. */
const CASES = 208

const skip = unableToRun(LIMBO)
for (const reason of [skip, noFakeTime]) if (reason) console.error(reason)

describe('x509-limbo over TLS', { skip }, () => {
  let run: SuiteRun
  before(async () => {
    run = await runSuite(LIMBO)
  })
  after(async () => await recordRun(run))

  it('is served whole, but for the cases with a reason', (test) => {
    const untried = notTried(LIMBO).reduce((sum, { cases }) => sum + cases, 0)
    assert.equal(servedCases(LIMBO).length + untried, CASES)
    assert.equal(run.outcomes.length + run.withoutClock, CASES - untried)
    test.diagnostic(summary(run))
  })

  it('has the clock that each case is about', { skip: noFakeTime }, () => assert.equal(run.withoutClock, 0))

  for (const { sentence, broken } of PROMISES) it(sentence, () => assert.deepEqual(broken(run.outcomes), []))
})
