/** What many measurements say: the middle, and the quarter and three-quarter marks, which one slow run does not move. */

export interface Spread {
  readonly median: number
  /** A quarter of the values are lower. */
  readonly low: number
  /** A quarter of the values are higher. */
  readonly high: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((left, right) => left - right)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { median: at(0.5), low: at(0.25), high: at(0.75) }
}

/** One value for each pair of neighbours in time, so that what slows the machine down for a while meets both. */
export function paired(
  ours: readonly number[],
  theirs: readonly number[],
  combine: (our: number, their: number) => number,
): Spread {
  return spreadOf(ours.map((our, index) => combine(our, theirs[index] ?? Number.NaN)))
}

export const ratio = (our: number, their: number): number => our / their
export const difference = (our: number, their: number): number => our - their
