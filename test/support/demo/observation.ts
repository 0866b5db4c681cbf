/**
 * Seeing is the demo's whole point: what was expected and did not show ends it, with what was seen instead.
 */

/** Something that the story tells did not happen here. */
export class NotObserved extends Error {
  override readonly name = 'NotObserved'

  constructor(expected: string, seen: string) {
    super(`expected: ${expected}\n  seen:     ${seen}`)
  }
}

/** @throws {NotObserved} unless it holds */
export function observe(holds: boolean, expected: string, seen: string): asserts holds {
  if (!holds) throw new NotObserved(expected, seen)
}

/** Waits for what must happen soon, and no longer. @throws {NotObserved} when the time is up */
export async function within<Value>(limitMs: number, expected: string, value: Promise<Value>): Promise<Value> {
  const expired = Promise.withResolvers<never>()
  const timer = setTimeout(() => expired.reject(new NotObserved(expected, `nothing within ${limitMs} ms`)), limitMs)
  try {
    return await Promise.race([value, expired.promise])
  } finally {
    clearTimeout(timer)
  }
}
