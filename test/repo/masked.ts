/**
 * Compares what a page shows with what was really printed, apart from what differs each time: keys and instants.
 */

import assert from 'node:assert/strict'

const CHANGING: readonly (readonly [RegExp, string])[] = [
  [/[A-Za-z0-9+/]{43}=/g, '<digest>'],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<instant>'],
  [/until \d{4}-\d\d-\d\d/g, 'until <date>'],
  [/"Timestamp": ?\d+/g, '"Timestamp":0'],
]

/** The text with a fixed word for each digest and instant. */
export function masked(text: string): string {
  return CHANGING.reduce((result, [changing, word]) => result.replaceAll(changing, word), text)
}

/** The same JSON; where an expected string ends in `…`, any end will do. */
export function assertMatches(actual: unknown, expected: unknown): void {
  assert.deepEqual(cutAs(expected, actual), expected)
}

/** `value` with each string cut where `pattern` cuts it. */
function cutAs(pattern: unknown, value: unknown): unknown {
  if (typeof pattern === 'string' && typeof value === 'string' && pattern.endsWith('…')) {
    return value.startsWith(pattern.slice(0, -1)) ? pattern : value
  }
  if (typeof pattern !== 'object' || pattern === null || typeof value !== 'object' || value === null) return value
  const patterns = new Map(Object.entries(pattern))
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [key, cutAs(patterns.get(key), item)])
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries)
}
