/**
 * docs/evidence.md says what docs/evidence.json holds, and nobody has changed it by hand; and whatever a suite tells, the
 * page shows it.
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { Divergence, SuiteResult } from '../suite-result.ts'
import { resultOfOutput, resultOfTests } from './counted.ts'
import { DATA, type Entry, type Evidence, PAGE, renewed } from './evidence.ts'
import { render } from './render.ts'
import { runSuite } from './run-suite.ts'
import { type EvidenceSuite, SUITES } from './suites.ts'

const origin = { date: '2026-11-25', node: '24.21.0', openssl: '3.5.8' }
const attacks = SUITES.find(({ name }) => name === 'attacks')?.counted
const takenOut = SUITES.find(({ name }) => name === 'taken-out')?.counted
assert.ok(attacks && takenOut)

function resultWith(changed: Partial<SuiteResult>): SuiteResult {
  const common = { suite: 'Some suite', source: 'somebody', command: 'run it', cases: 3 }
  return { ...common, expected: '3 refused', got: '3 refused', divergences: [], ...changed }
}

function entry(ranBy: string, changed: Partial<SuiteResult> = {}, failures: readonly string[] = []): Entry {
  return { ranBy, origin, result: resultWith(changed), failures }
}

const page = (...entries: readonly Entry[]) => render({ entries, missing: [] }, SUITES)

describe('docs/evidence.md', () => {
  it('is what renders from docs/evidence.json: made by npm run evidence, not by hand', () => {
    const evidence = JSON.parse(readFileSync(DATA, 'utf8')) as Evidence
    assert.equal(readFileSync(PAGE, 'utf8'), render(evidence, SUITES), 'npm run evidence -- --render makes it anew')
  })

  it('holds results of known suites only, each once', () => {
    const { entries } = JSON.parse(readFileSync(DATA, 'utf8')) as Evidence
    const names = entries.map(({ result }) => result.suite)
    assert.equal(new Set(names).size, names.length)
    for (const { ranBy } of entries) assert.ok(SUITES.some(({ name }) => name === ranBy))
  })
})

describe('the page', () => {
  it('has a row and a section for each result', () => {
    const made = page(entry('limbo', { suite: 'x509-limbo over TLS', source: 'a | b' }))
    assert.match(made, /\n\| \[x509-limbo over TLS\]\(#x509-limbo-over-tls\) \| a \\\| b \| 3 \| 3 refused \| /)
    assert.match(made, /\n## x509-limbo over TLS\n[\s\S]*with Node 24\.21\.0 and OpenSSL 3\.5\.8/)
  })

  it('puts divergences with one reason together, names some of many, and says how many there are', () => {
    const same = (index: number): Divergence => {
      return { case: `case ${index}`, expected: 'refused', got: 'accepted', reason: 'as Node does' }
    }
    const other: Divergence = { case: 'odd', expected: 'refused', got: 'ended', reason: 'a *limit*' }
    const made = page(
      entry('limbo', { divergences: [...Array.from({ length: 20 }, (_, index) => same(index)), other] }),
    )
    assert.equal(made.split('as Node does').length, 2)
    assert.match(made, /- 20 that should be refused, because: as Node does\n {2}- case 0: accepted\n/)
    assert.match(made, / {2}- and 8 more, in evidence\.json\n- 1 that should be refused, because: a \\\*limit\\\*/)
  })

  it('says what was not tried, what failed, and what told nothing', () => {
    const notTried = [{ cases: 4, reason: 'no key for them' }]
    const made = page(entry('limbo', { notTried }, ['a.test.ts: it works']))
    assert.match(made, /Not tried:\n\n- 4 cases: no key for them/)
    assert.match(made, /\*\*1 tests of the run failed\*\*[\s\S]*- a\.test\.ts: it works/)
    const silent = { ranBy: 'mutation', origin, reason: 'there is no such program' }
    assert.match(render({ entries: [], missing: [silent] }, SUITES), /No result of "mutation" on 2026-11-25/)
  })
})

describe('a suite that is run again', () => {
  const before: Evidence = { entries: [entry('attacks'), entry('limbo', { suite: 'B' })], missing: [] }

  it('replaces its own rows and leaves the others', () => {
    const { entries } = renewed(before, 'limbo', [entry('limbo', { suite: 'D' }), entry('limbo', { suite: 'C' })])
    assert.deepEqual(
      entries.map(({ result }) => result.suite),
      ['Some suite', 'C', 'D'],
    )
  })

  it('and tells nothing, is told of, keeps its rows, and is forgiven when it tells again', () => {
    const silent = renewed(before, 'limbo', { ranBy: 'limbo', origin, reason: 'it died' })
    assert.deepEqual([silent.entries, silent.missing.length], [before.entries, 1])
    assert.deepEqual(renewed(silent, 'limbo', [entry('limbo')]).missing, [])
  })

  it('and is not there, is told of without a crash', async () => {
    const absent: EvidenceSuite = { name: 'absent', run: { program: ['test/none.ts'] }, minutes: 1 }
    const none: EvidenceSuite = { name: 'none', run: { tests: ['test/none/*.test.ts'] }, minutes: 1 }
    for (const suite of [absent, none]) {
      const run = await runSuite(suite)
      assert.ok('reason' in run && /there (is|are) no/.test(run.reason))
    }
  })
})

describe('a suite that tells no numbers itself', () => {
  it('is counted from its tests, by row, skipped ones aside', () => {
    const { result, parts } = resultOfTests(attacks, [
      { file: '01-a.test.ts', name: 'one', outcome: 'passed' },
      { file: '02-b.test.ts', name: 'two', outcome: 'failed' },
      { file: '02-b.test.ts', name: 'three', outcome: 'skipped', reason: 'no openssl' },
    ])
    assert.deepEqual([result.cases, result.expected, result.got], [2, '2 pass', '1 pass'])
    assert.deepEqual(
      result.divergences.map((divergence) => divergence.case),
      ['02-b.test.ts: two'],
    )
    assert.deepEqual(result.notTried, [{ cases: 1, reason: 'no openssl' }])
    assert.deepEqual(parts, [
      { part: 'row 01', cases: 1 },
      { part: 'row 02', cases: 1 },
    ])
  })

  it('is counted from its last line, or not at all', () => {
    const output = 'noticed  row 1\n\n7 of 8 checks are noticed by a test when they are taken out\n'
    assert.equal(resultOfOutput(takenOut, output)?.result.got, '7 noticed')
    assert.equal(resultOfOutput(takenOut, 'it died'), undefined)
  })
})
