/**
 * A clock that stands still until a test moves it, backwards too.
 */

export interface SettableClock {
  /** Milliseconds since the epoch. */
  now(): number
  advance(milliseconds: number): void
  set(date: Date | number): void
}

export function settableClock(start: Date | number = Date.now()): SettableClock {
  let time = Number(start)
  return {
    now: () => time,
    advance(milliseconds) {
      time += milliseconds
    },
    set(date) {
      time = Number(date)
    },
  }
}
