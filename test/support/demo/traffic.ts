/**
 * Calls that go on while something else happens: one invocation after the other, as one environment gets them.
 */

import { setTimeout as pause } from 'node:timers/promises'
import type { CallResult, ExampleFunction } from './example-function.ts'
import { NotObserved } from './observation.ts'

export interface Traffic {
  readonly results: readonly CallResult[]
  /** The longest invocation. */
  readonly slowestMs: number
}

export interface TrafficOptions {
  /** Asked after each invocation. */
  readonly until: (results: readonly CallResult[]) => boolean
  /** What to say when that never comes. */
  readonly expected: string
  /** Calls of one invocation. Unset: 1. */
  readonly calls?: number
  /** Between two invocations. Unset: 50. */
  readonly paceMs?: number
}

/** Longer than any policy is fresh here, twice over, on a slow machine. */
const LIMIT_MS = 15_000

/** @throws {NotObserved} when `until` has not come true in time */
export async function callUntil(environment: ExampleFunction, options: TrafficOptions): Promise<Traffic> {
  const { until, expected, calls = 1, paceMs = 50 } = options
  const deadline = performance.now() + LIMIT_MS
  const results: CallResult[] = []
  let slowestMs = 0
  for (;;) {
    const invocation = await environment.invoke(calls)
    results.push(...invocation.results)
    slowestMs = Math.max(slowestMs, invocation.ms)
    if (until(results)) return { results, slowestMs }
    if (performance.now() > deadline) {
      throw new NotObserved(
        expected,
        `${results.length} calls in ${LIMIT_MS} ms, the last: ${describe(results.at(-1))}`,
      )
    }
    await pause(paceMs)
  }
}

export function passed(result: CallResult | undefined): boolean {
  return result !== undefined && 'status' in result && result.status === 200
}

export function describe(result: CallResult | undefined): string {
  if (result === undefined) return 'no call'
  return 'status' in result ? `HTTP ${result.status} "${result.body}"` : `${result.code}\n${result.message}`
}
