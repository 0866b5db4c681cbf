/**
 * What the runs on all versions of Node came to: as a table for people, and as the result of a suite.
 */

import type { SuiteResult } from '../hostile/suite-result.ts'
import type { Runtime } from './installed.ts'
import type { Outcome } from './outcome-reporter.ts'

export interface RuntimeRun {
  readonly runtime: Runtime
  readonly outcome: Outcome
  /** Whether every test that ran passed, and some did. */
  readonly isGood: boolean
}

const HEAD = ['Node', 'OpenSSL', 'its own undici', 'passed', 'failed', 'skipped']

export function tableOf(runs: readonly RuntimeRun[]): string {
  const rows = runs.map(({ runtime, outcome, isGood }) => [
    runtime.version,
    runtime.openssl,
    runtime.undici,
    String(outcome.passed),
    // A runner that ends badly without a failed test has failed, too.
    outcome.failed === 0 && !isGood ? 'the run' : String(outcome.failed),
    String(outcome.skipped),
  ])
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  return [HEAD, HEAD.map((_, index) => (index < 3 ? '---' : '---:')), ...rows].map(line).join('')
}

/** Each reason for which tests were skipped, with the versions where it held and how many tests it was. */
export function skipsOf(runs: readonly RuntimeRun[]): string {
  const lines = [...countReasons(runs)].map(([reason, count]) => `  ${count} x ${reason}\n`)
  return lines.length === 0 ? 'Nothing was skipped.\n' : `Skipped:\n${lines.join('')}`
}

export function suiteResult(runs: readonly RuntimeRun[]): SuiteResult {
  const sum = (count: (run: RuntimeRun) => number) => runs.reduce((total, run) => total + count(run), 0)
  const passed = sum(({ outcome }) => outcome.passed)
  const failed = sum(({ outcome }) => outcome.failed)
  const versions = runs.map(({ runtime }) => `${runtime.version} (OpenSSL ${runtime.openssl})`).join(', ')
  return {
    suite: 'Runtimes',
    source: `the whole suite on Node ${versions}`,
    command: 'npm run test:runtimes',
    cases: passed + failed,
    expected: `${passed + failed} passed`,
    got: failed === 0 ? `${passed} passed` : `${passed} passed, ${failed} failed`,
    divergences: runs.flatMap(({ runtime, outcome }) =>
      outcome.failures.map(({ test, message }) => ({
        case: `Node ${runtime.version}, ${test}`,
        expected: 'passes',
        got: 'fails',
        reason: message,
      })),
    ),
    notTried: [...countReasons(runs)].map(([reason, cases]) => ({ cases, reason })),
  }
}

function countReasons(runs: readonly RuntimeRun[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { runtime, outcome } of runs) {
    for (const { reason } of outcome.skips) {
      const told = `Node ${runtime.version}: ${reason}`
      counts.set(told, (counts.get(told) ?? 0) + 1)
    }
  }
  return counts
}
