/**
 * What a fleet's calls came to, phase by phase.
 */

/** Of the age of pins, ms. */
const BUCKET_MS = 1_000

export interface Ages {
  readonly mean: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export class Ledger {
  /** What the secret holds: a call by any other version is one by revoked pins. */
  version = '1'
  crashes = 0
  calls = 0
  /** Failed, though the environment had held good pins before. */
  failedWithPins = 0
  /** Failed in an environment that never had any. */
  failedWithout = 0
  #ages: number[] = []
  #ageSum = 0
  #oldest = 0
  #waited = 0
  #longestWait = 0

  called(age: number): void {
    this.calls += 1
    const bucket = Math.floor(age / BUCKET_MS)
    this.#ages[bucket] = (this.#ages[bucket] ?? 0) + 1
    this.#ageSum += age
    if (age > this.#oldest) this.#oldest = age
  }

  failed(hadPins: boolean): void {
    this.calls += 1
    if (hadPins) this.failedWithPins += 1
    else this.failedWithout += 1
  }

  wait(milliseconds: number): void {
    if (milliseconds === 0) return
    this.#waited += 1
    if (milliseconds > this.#longestWait) this.#longestWait = milliseconds
  }

  /** What was noted since the last time, and a clean page. */
  turn(): PhaseCalls {
    const { calls, crashes, failedWithPins, failedWithout } = this
    const page = { calls, crashes, failedWithPins, failedWithout, waited: this.#waited, longestWait: this.#longestWait }
    const ages = this.#summary()
    this.calls = this.crashes = this.failedWithPins = this.failedWithout = 0
    this.#ages = []
    this.#ageSum = this.#oldest = this.#waited = this.#longestWait = 0
    return { ...page, ages }
  }

  #summary(): Ages {
    const count = this.#ages.reduce((sum, bucket) => sum + (bucket ?? 0), 0)
    const at = (share: number) => {
      let seen = 0
      const index = this.#ages.findIndex((bucket) => {
        seen += bucket ?? 0
        return seen >= share * count
      })
      return Math.max(0, index) * BUCKET_MS
    }
    return { mean: count === 0 ? 0 : this.#ageSum / count, p50: at(0.5), p99: at(0.99), max: this.#oldest }
  }
}

export interface PhaseCalls {
  readonly calls: number
  readonly failedWithPins: number
  readonly failedWithout: number
  /** Environments that a rejection ended which nobody handled. */
  readonly crashes: number
  /** Calls that waited for pins, and the longest wait, ms. */
  readonly waited: number
  readonly longestWait: number
  /** Of the pins that calls were judged by, ms. */
  readonly ages: Ages
}
