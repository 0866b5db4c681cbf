/**
 * How often a failed call may make us ask the source again.
 *
 * A key that is not pinned may mean "rotated a minute ago" or "under attack", and an attacker must not turn our calls
 * into a flood on Secrets Manager. A small stock of tokens answers a real rotation at once, several times; after that
 * one comes back every ten seconds.
 */

/** Refreshes that may follow each other at once. */
const CAPACITY = 5

/** Milliseconds until a spent token is back. At this rate a fleet of 1,000 under attack costs $1.80 an hour. */
const REFILL_MS = 10_000

export class Allowance {
  #tokens = CAPACITY
  #countedAt: number | undefined

  /** Takes a token, if there is one. @param now monotonic milliseconds */
  take(now: number): boolean {
    const passed = now - (this.#countedAt ?? now)
    this.#tokens = Math.min(CAPACITY, this.#tokens + Math.max(0, passed) / REFILL_MS)
    this.#countedAt = now
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
