/**
 * When the probe has to stop asking, so that it can still tell what it saw: a function that is timed out tells nothing.
 */

/** Kept back from the time of an invocation, ms: for writing a line for each host, and the answer. */
const TELLING_MS = 3_000

export class Deadline {
  readonly signal: AbortSignal
  readonly #timer: NodeJS.Timeout

  /** @param remainingMs what is left of the invocation */
  constructor(remainingMs: number) {
    const controller = new AbortController()
    this.signal = controller.signal
    this.#timer = setTimeout(() => controller.abort(outOfTime()), Math.max(0, remainingMs - TELLING_MS))
  }

  clear(): void {
    clearTimeout(this.#timer)
  }
}

function outOfTime(): Error {
  return Object.assign(new Error('the probe ran out of time: raise its timeout'), { code: 'PROBE_OUT_OF_TIME' })
}
