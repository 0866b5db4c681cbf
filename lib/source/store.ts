/**
 * The policy in use: who loads it, when, and what serves while a load fails.
 *
 * Shared state, one owner. Time: a document counts from the moment its load *began*, so a slow reply is never younger
 * than it is. Up to `cacheExpiry` (jittered) it serves as it is; from then on a refresh runs beside the calls; past
 * twice `cacheExpiry` the first call waits for that refresh; past `maxStale` without one, calls fail. One load is in
 * flight at a time; a late reply never replaces a newer one; a bad document never replaces a good one. A load that a
 * freeze of the environment caught is started anew and counts neither as a failure nor as fresh.
 *
 * Ages are the greater of wall-clock and monotonic time, so that neither a stalled nor a turned-back clock keeps a
 * policy alive.
 */

import { type FailureCode, findPinnedFetchError, PinnedFetchError } from '../errors.ts'
import type { GuardEvent } from '../events.ts'
import type { Rules } from '../judge.ts'
import { Allowance } from './allowance.ts'
import { Intake } from './intake.ts'
import type { LoadedDocument, PolicySource } from './source.ts'

/** A load that takes longer is given up, ms. Secrets Manager answers in tens of ms; Lambda's default time-out is 3 s. */
export const LOAD_DEADLINE_MS = 2_000

/** A load that settles this long past its deadline slept through it: the environment was frozen. */
const FREEZE_SLACK_MS = 500

/** Pause after the first failed load, ms; doubles with each further one up to the limits below. */
const RETRY_PAUSE_MS = 1_000
const MAX_RETRY_PAUSE_MS = 60_000
/** While there is no policy at all nothing works, so recovery must be noticed soon. */
const MAX_RETRY_PAUSE_WITHOUT_POLICY_MS = 5_000

/** Part of `cacheExpiry` by which environments differ, so that a fleet never asks in step. */
const JITTER = 0.2

/** The two clocks. Injected so that tests step through time instead of sleeping. */
export interface Clock {
  /** Wall clock, ms since the epoch: dates in policies and certificates. */
  now(): number
  /** Monotonic clock, ms: durations. */
  elapsed(): number
}

export const SYSTEM_CLOCK: Clock = { now: () => Date.now(), elapsed: () => performance.now() }

export interface StoreOptions {
  /** ms a policy is fresh; -1: for ever; 0: never. */
  readonly cacheExpiry: number
  /** ms a policy may serve while its source fails. */
  readonly maxStale: number
  readonly mode?: 'enforce' | 'report' | undefined
  readonly clock: Clock
  readonly emit: (event: GuardEvent) => void
}

interface Current {
  readonly rules: Rules
  readonly startedAt: Instant
  /** ms from `startedAt` until a refresh is due. */
  readonly freshFor: number
}

interface Instant {
  readonly now: number
  readonly elapsed: number
}

interface Flight {
  readonly startedAt: Instant
  readonly deadline: number
  readonly done: Promise<Rules>
  readonly abandon: () => void
}

export class PolicyStore {
  readonly #sources: readonly PolicySource[]
  readonly #options: StoreOptions
  readonly #allowance = new Allowance()
  readonly #listeners = new Set<(rules: Rules) => void>()
  readonly #intake: Intake
  #current: Current | undefined
  #flight: Flight | undefined
  #failures = 0
  #retryAt = Number.NEGATIVE_INFINITY
  #lastError: PinnedFetchError | undefined
  #closed = false

  constructor(sources: readonly PolicySource[], options: StoreOptions) {
    this.#sources = sources
    this.#options = options
    this.#intake = new Intake(sources)
  }

  /** Names of the sources, for messages. */
  get name(): string {
    return this.#sources.map(({ name }) => name).join(', ')
  }

  /** The rules in use, however old; `undefined` before the first load. For messages and re-judgement, not for calls. */
  get latest(): Rules | undefined {
    return this.#current?.rules
  }

  /** Called with the new rules whenever a load has brought different ones. */
  onChange(listener: (rules: Rules) => void): void {
    this.#listeners.add(listener)
  }

  /**
   * Starts a load if none is needed yet is done: in INIT, and at the start of an invocation. Never throws or rejects;
   * a failure here is not held against the next call, which tries again.
   *
   * @param deadline ms after which the load is given up
   */
  prefetch(deadline: number = LOAD_DEADLINE_MS): void {
    if (this.#current !== undefined || this.#pending() !== undefined) return
    this.#load(Math.min(deadline, LOAD_DEADLINE_MS), 'forgiven').catch(() => undefined)
  }

  /**
   * The rules for a call: at once while they are fresh, or may serve while they are refreshed.
   *
   * @throws {PinnedFetchError} `ERR_POLICY_UNAVAILABLE`, `ERR_POLICY_MALFORMED`, `ERR_POLICY_STALE`; as a rejection
   */
  rules(): Rules | Promise<Rules> {
    const current = this.#current
    if (current === undefined) return this.#firstRules()
    const age = this.#age(current.startedAt)
    if (age <= current.freshFor) return current.rules
    const { cacheExpiry, maxStale } = this.#options
    const mayServe = age <= maxStale
    if (this.#paused()) return mayServe ? current.rules : Promise.reject(this.#stale(age))
    const refreshed = this.#pending()?.done ?? this.#load(LOAD_DEADLINE_MS, 'counted')
    if (mayServe && age <= 2 * cacheExpiry) {
      refreshed.catch(() => undefined)
      return current.rules
    }
    return refreshed.catch(() => {
      if (mayServe) return current.rules
      throw this.#stale(age)
    })
  }

  /**
   * The rules after a call was refused by them: asks the source unless it was asked since, or was asked too often.
   * Never rejects; when the source fails, the rules stay what they were.
   *
   * @param since monotonic ms at which the refused handshake ended
   */
  async rulesSince(since: number): Promise<Rules | undefined> {
    const earlier = this.#pending()
    if (earlier !== undefined) await earlier.done.catch(() => undefined)
    if (this.#current !== undefined && this.#current.startedAt.elapsed >= since) return this.#current.rules
    const later = this.#pending()
    if (later !== undefined) {
      await later.done.catch(() => undefined)
    } else if (!this.#paused() && this.#allowance.take(this.#options.clock.elapsed())) {
      await this.#load(LOAD_DEADLINE_MS, 'counted').catch(() => undefined)
    }
    return this.#current?.rules
  }

  /** Loads now, whatever the age. @throws {PinnedFetchError} what the load failed with; the old rules serve on */
  async refresh(): Promise<void> {
    await (this.#pending()?.done ?? this.#load(LOAD_DEADLINE_MS, 'counted'))
  }

  /** Gives up a load in flight, silently. */
  close(): void {
    this.#closed = true
    this.#flight?.abandon()
    this.#flight = undefined
    this.#listeners.clear()
  }

  #firstRules(): Promise<Rules> {
    const pending = this.#pending()
    if (pending !== undefined) return pending.done
    if (this.#lastError !== undefined && this.#paused()) return Promise.reject(this.#lastError)
    return this.#load(LOAD_DEADLINE_MS, 'counted')
  }

  /** The flight that a caller may wait for; one that outlived its deadline was frozen, and is given up here. */
  #pending(): Flight | undefined {
    const flight = this.#flight
    if (flight !== undefined && this.#age(flight.startedAt) > flight.deadline + FREEZE_SLACK_MS) {
      flight.abandon()
      this.#flight = undefined
    }
    return this.#flight
  }

  #load(deadline: number, failure: 'counted' | 'forgiven', restarts = 1): Promise<Rules> {
    const startedAt = this.#instant()
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(new DeadlineError(deadline)), deadline)
    const done: Promise<Rules> = this.#fetch(abort.signal)
      .then((documents) => this.#accept(documents, startedAt))
      .catch((error: unknown): Promise<Rules> => {
        // Frozen in mid-load: whoever still waits gets a load of the time after the thaw. Once: what sleeps again was no
        // freeze but a source that blocks the process.
        if (restarts > 0 && !this.#closed && this.#age(startedAt) > deadline + FREEZE_SLACK_MS) {
          return this.#flight !== undefined && this.#flight.done !== done
            ? this.#flight.done
            : this.#load(deadline, failure, restarts - 1)
        }
        throw this.#fail(error, startedAt, failure)
      })
      .finally(() => {
        clearTimeout(timer)
        if (this.#flight?.done === done) this.#flight = undefined
      })
    this.#flight = { startedAt, deadline, done, abandon: () => abort.abort(new DeadlineError(deadline)) }
    return done
  }

  /** All sources, or none: a policy without one of its parts is another policy. */
  #fetch(signal: AbortSignal): Promise<readonly LoadedDocument[]> {
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    // A source that throws at once fails like one that rejects.
    return Promise.race([Promise.all(this.#sources.map(async (source) => await source.load(signal))), aborted])
  }

  #accept(documents: readonly LoadedDocument[], startedAt: Instant): Rules {
    const previous = this.#current
    if (previous !== undefined && previous.startedAt.elapsed > startedAt.elapsed) return previous.rules
    const { policy, version, stage, changed } = this.#intake.accept(documents)
    const rules = changed || previous === undefined ? { policy, version, mode: this.#options.mode } : previous.rules
    const { cacheExpiry } = this.#options
    const freshFor = cacheExpiry < 0 ? Number.POSITIVE_INFINITY : cacheExpiry * (1 - JITTER * Math.random())
    this.#current = { rules, startedAt, freshFor }
    this.#failures = 0
    this.#lastError = undefined
    this.#retryAt = Number.NEGATIVE_INFINITY
    const ageSeconds = previous === undefined ? 0 : this.#age(previous.startedAt) / 1000
    this.#options.emit({ type: 'policy-refreshed', source: this.name, version, stage, changed, ageSeconds })
    if (rules !== previous?.rules) for (const listener of this.#listeners) listener(rules)
    return rules
  }

  #fail(cause: unknown, startedAt: Instant, failure: 'counted' | 'forgiven'): PinnedFetchError {
    const error = asPolicyError(cause, this.name)
    // A load that was overtaken has nothing to say any more.
    if (this.#closed || (this.#current !== undefined && this.#current.startedAt.elapsed > startedAt.elapsed))
      return error
    if (failure === 'counted') {
      const limit = this.#current === undefined ? MAX_RETRY_PAUSE_WITHOUT_POLICY_MS : MAX_RETRY_PAUSE_MS
      const pause = Math.min(limit, RETRY_PAUSE_MS * 2 ** this.#failures)
      this.#failures += 1
      this.#retryAt = this.#options.clock.elapsed() + pause * (0.5 + 0.5 * Math.random())
      this.#lastError = error
    }
    this.#options.emit({
      type: 'policy-refresh-failed',
      source: this.name,
      code: error.code,
      message: error.message,
      ageSeconds: this.#current === undefined ? undefined : this.#age(this.#current.startedAt) / 1000,
    })
    return error
  }

  #stale(age: number): PinnedFetchError {
    const evidence = { source: this.name, ageSeconds: age / 1000, maxStaleSeconds: this.#options.maxStale / 1000 }
    return new PinnedFetchError('ERR_POLICY_STALE', evidence, { cause: this.#lastError })
  }

  #paused(): boolean {
    return this.#options.clock.elapsed() < this.#retryAt
  }

  #instant(): Instant {
    const { clock } = this.#options
    return { now: clock.now(), elapsed: clock.elapsed() }
  }

  #age({ now, elapsed }: Instant): number {
    const { clock } = this.#options
    return Math.max(0, clock.now() - now, clock.elapsed() - elapsed)
  }
}

class DeadlineError extends Error {
  override readonly name = 'TimeoutError'

  constructor(deadline: number) {
    super(`no answer within ${deadline} ms`)
  }
}

const POLICY_CODES: ReadonlySet<FailureCode> = new Set([
  'ERR_POLICY_UNAVAILABLE',
  'ERR_POLICY_MALFORMED',
  'ERR_POLICY_ROLLED_BACK',
  'ERR_POLICY_SIGNATURE',
])

/** Whatever a source threw, as one of our errors. A foreign message may quote anything, so only its first line is kept. */
function asPolicyError(cause: unknown, source: string): PinnedFetchError {
  const repair = 'check that the source is reachable from here and answers in time'
  try {
    return policyErrorOf(cause, { source, repair })
  } catch {
    // An error whose own fields throw.
    return new PinnedFetchError('ERR_POLICY_UNAVAILABLE', { source, problem: 'the source failed', repair })
  }
}

function policyErrorOf(cause: unknown, { source, repair }: { source: string; repair: string }): PinnedFetchError {
  const ours = findPinnedFetchError(cause)
  if (ours !== undefined && POLICY_CODES.has(ours.code)) return ours
  const problem =
    cause instanceof Error ? `${cause.name}: ${cause.message.split('\n', 1)[0]?.slice(0, 300)}` : 'the source failed'
  return new PinnedFetchError('ERR_POLICY_UNAVAILABLE', { source, problem, repair }, { cause })
}
