/**
 * The result of a suite that tells none itself, made of what Node's runner counted or of a program's last line.
 */

import type { SuiteResult } from '../suite-result.ts'
import type { CountedTest } from './counts-reporter.ts'
import type { Part } from './evidence.ts'
import type { CountedSuite } from './suites.ts'

export interface Counted {
  readonly result: SuiteResult
  readonly parts?: readonly Part[]
}

export function resultOfTests(counted: CountedSuite, tests: readonly CountedTest[]): Counted {
  const { suite, source, command, verb, partOf } = counted
  const tried = tests.filter(({ outcome }) => outcome !== 'skipped')
  const failed = tried.filter(({ outcome }) => outcome === 'failed')
  const skipped = Map.groupBy(
    tests.filter(({ outcome }) => outcome === 'skipped'),
    ({ reason = '' }) => reason,
  )
  const result = {
    suite,
    source,
    command,
    cases: tried.length,
    expected: `${tried.length} ${verb}`,
    got: `${tried.length - failed.length} ${verb}`,
    divergences: failed.map(({ file, name }) => ({
      case: `${file}: ${name}`,
      expected: verb,
      got: 'failed',
      reason: 'an error of ours, or of the machine it ran on',
    })),
    notTried: Array.from(skipped, ([reason, { length }]) => ({ cases: length, reason })),
  }
  return partOf === undefined ? { result } : { result, parts: partsOf(tried, partOf) }
}

function partsOf(tests: readonly CountedTest[], partOf: (file: string) => string | undefined): Part[] {
  const parts = Map.groupBy(tests, ({ file }) => partOf(file) ?? 'others')
  return [...parts]
    .map(([part, { length }]) => ({ part, cases: length }))
    .sort((one, other) => (one.part < other.part ? -1 : 1))
}

/** @returns undefined when the program's output doesn't end as it should */
export function resultOfOutput(counted: CountedSuite, output: string): Counted | undefined {
  const { suite, source, command, verb, lastLine } = counted
  const [, good, all] = lastLine?.exec(output) ?? []
  if (good === undefined || all === undefined) return undefined
  const missed = output.match(/^not noticed: .*$/gm) ?? []
  const divergences = missed.map((line) => ({ case: line, expected: verb, got: 'not', reason: 'no test notices it' }))
  return {
    result: {
      suite,
      source,
      command,
      cases: Number(all),
      expected: `${all} ${verb}`,
      got: `${good} ${verb}`,
      divergences,
    },
  }
}
