/** One figure of the benchmarks: what was measured on both sides, what it comes to, and what it should come to. */

import type { Spread } from './spread.ts'

export type FigureUnit = 'x' | 'µs' | 'ms' | 'MB' | 'kB' | '%'

export interface Figure {
  /** Figures of one group stand together. */
  readonly group: string
  readonly name: string
  /** The medians of both sides, as text; the other side may have none. */
  readonly ours: string
  readonly theirs: string
  /** A ratio (`x`), a difference, or our own value where nothing is compared. */
  readonly result: Spread
  readonly unit: FigureUnit
  /** What the result may at most, or must at least, be. Unset: it is only told. */
  readonly target?: { readonly most: number } | { readonly least: number }
}

/** Whether the median keeps the target; `undefined`: there is none. */
export function isMet({ result, target }: Figure): boolean | undefined {
  if (target === undefined) return undefined
  return 'most' in target ? result.median <= target.most : result.median >= target.least
}

export function formatValue(value: number, unit: FigureUnit): string {
  if (unit === 'x') return value.toFixed(value < 10 ? 3 : 1)
  if (unit === '%') return `${(value * 100).toFixed(value === 1 ? 0 : 1)} %`
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return `${value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${unit}`
}

/** One number for a value that has no spread. */
export function exact(value: number): Spread {
  return { median: value, low: value, high: value }
}
