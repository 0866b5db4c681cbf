/**
 * One load of all sources, with its deadline, and what a freeze of the environment means for it.
 *
 * A load that the freeze caught waits for an answer that may never come, and its failure says nothing about the source.
 * It is recognised by the time it took, or told by whoever noticed the freeze.
 *
 * Shared state: none. The store that began a flight says what its end means.
 */

import { ageOf, type Clock, type Instant, instantOf } from './clock.ts'
import type { LoadedDocument, PolicySource } from './source.ts'

/** A load that settles this long past its deadline slept through it, ms. */
const FREEZE_SLACK_MS = 500

export class Flight {
  readonly startedAt: Instant
  /** The documents, one for each source: all, or none. A policy without one of its parts is another policy. */
  readonly documents: Promise<readonly LoadedDocument[]>
  readonly #clock: Clock
  readonly #abort = new AbortController()
  #deadline: number
  #timer: NodeJS.Timeout
  #isTold = false

  /** @param deadline ms after which the load is given up */
  constructor(sources: readonly PolicySource[], deadline: number, clock: Clock) {
    this.startedAt = instantOf(clock)
    this.#clock = clock
    this.#deadline = deadline
    this.#timer = setTimeout(() => this.giveUp(), deadline)
    this.documents = this.#load(sources).finally(() => clearTimeout(this.#timer))
  }

  /** ms since the load began. */
  get age(): number {
    return ageOf(this.startedAt, this.#clock)
  }

  /** Whether it was on its way while the environment was frozen. */
  get slept(): boolean {
    return this.#isTold || this.age > this.#deadline + FREEZE_SLACK_MS
  }

  /** Whether the freeze was told, rather than guessed from the time that passed. */
  get isTold(): boolean {
    return this.#isTold
  }

  /** Gives the load at most `limit` ms more. */
  hasten(limit: number): void {
    const deadline = this.age + limit
    if (deadline >= this.#deadline) return
    this.#deadline = deadline
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.giveUp(), limit)
  }

  /** The environment was frozen while the load was on its way. One younger than a thaw takes was begun by it. */
  thaw(): void {
    if (this.age < FREEZE_SLACK_MS) return
    this.#isTold = true
    this.giveUp()
  }

  giveUp(): void {
    this.#abort.abort(new DeadlineError(this.#deadline))
  }

  async #load(sources: readonly PolicySource[]): Promise<readonly LoadedDocument[]> {
    const { signal } = this.#abort
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    // A source that throws at once fails like one that rejects.
    return await Promise.race([Promise.all(sources.map(async (source) => await source.load(signal))), aborted])
  }
}

class DeadlineError extends Error {
  override readonly name = 'TimeoutError'

  constructor(deadline: number) {
    super(`no answer within ${Math.round(deadline)} ms`)
  }
}
