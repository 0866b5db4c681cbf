/**
 * Two clocks, and the age of things by both.
 *
 * A frozen environment may stall one, an administrator may turn back the other: the greater of the two ages counts, so
 * that neither keeps a policy alive. Injected everywhere, so that tests step through time instead of sleeping.
 */

export interface Clock {
  /** Wall clock, ms since the epoch: dates in policies and certificates. */
  now(): number
  /** Monotonic clock, ms: durations. */
  elapsed(): number
}

export const SYSTEM_CLOCK: Clock = { now: () => Date.now(), elapsed: () => performance.now() }

/** One moment on both clocks. */
export interface Instant {
  readonly now: number
  readonly elapsed: number
}

export function instantOf(clock: Clock): Instant {
  return { now: clock.now(), elapsed: clock.elapsed() }
}

/** Milliseconds since `instant`, never negative. */
export function ageOf({ now, elapsed }: Instant, clock: Clock): number {
  return Math.max(0, clock.now() - now, clock.elapsed() - elapsed)
}
