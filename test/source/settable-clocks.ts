/**
 * The two clocks of a guard, standing still until a test moves them, together or apart.
 *
 * A freeze moves the wall clock and, depending on the host, the monotonic one or not; an operator or NTP moves the wall
 * clock alone, backwards too.
 */

import type { Clock } from '../../lib/source/clock.ts'

export class SettableClocks implements Clock {
  #now: number
  #elapsed = 1_000

  constructor(start: Date | number = Date.now()) {
    this.#now = Number(start)
  }

  now(): number {
    return this.#now
  }

  elapsed(): number {
    return this.#elapsed
  }

  /** Time passes as usual. */
  pass(milliseconds: number): void {
    this.#now += milliseconds
    this.#elapsed += milliseconds
  }

  /** The wall clock alone: a freeze in which the monotonic clock stands still; negative: it was turned back. */
  jump(milliseconds: number): void {
    this.#now += milliseconds
  }

  /** The monotonic clock alone: time passes, and the wall clock is held or turned back by as much. */
  stall(milliseconds: number): void {
    this.#elapsed += milliseconds
  }
}
