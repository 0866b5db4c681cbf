/**
 * How often a property is tried, and from which seed.
 *
 * Unless told otherwise every run is the same run: a property that fails, fails for everybody. With
 * `PINNED_FETCH_FUZZ_RUNS=50` each property is tried fifty times as often, from a seed of the day; fast-check prints the
 * seed and the path of a counterexample, and `PINNED_FETCH_FUZZ_SEED` brings the run back.
 */

import type { Parameters } from 'fast-check'

const SEED = 20_261_124

const MULTIPLE = Number(process.env['PINNED_FETCH_FUZZ_RUNS'] ?? 1)

const GIVEN_SEED = process.env['PINNED_FETCH_FUZZ_SEED']

if (!(MULTIPLE > 0)) throw new RangeError('PINNED_FETCH_FUZZ_RUNS is not a number above 0')

/** The parameters for a property that `npm test` tries `usual` times. */
export function runs<Values>(usual: number): Parameters<Values> {
  const numRuns = timesTried(usual)
  if (GIVEN_SEED !== undefined) return { numRuns, seed: Number(GIVEN_SEED) }
  return MULTIPLE === 1 ? { numRuns, seed: SEED } : { numRuns }
}

/** How often that is, this time. */
export function timesTried(usual: number): number {
  return Math.ceil(usual * MULTIPLE)
}

/** Counts what a suite tried, by outcome, for its line in the evidence. */
export class Tally {
  readonly #outcomes = new Map<string, number>()

  add(outcome: string, cases = 1): void {
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + cases)
  }

  count(outcome: string): number {
    return this.#outcomes.get(outcome) ?? 0
  }

  get cases(): number {
    return [...this.#outcomes.values()].reduce((sum, cases) => sum + cases, 0)
  }

  /** In counted words. */
  toString(): string {
    return [...this.#outcomes].map(([outcome, cases]) => `${cases} ${outcome}`).join(', ')
  }
}
