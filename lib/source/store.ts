/**
 * The policy in use: who loads it, when, and what serves while a load fails.
 *
 * Shared state, one owner. Time: a document counts from the moment its load *began*, so a slow reply is never younger
 * than it is. Up to `cacheExpiry` (jittered) it serves as it is; from then on a refresh runs beside the calls; past
 * twice `cacheExpiry` the first call waits for that refresh; past `maxStale` without one, calls fail. One load is in
 * flight at a time; a late reply never replaces a newer one; a bad document never replaces a good one. A load that a
 * freeze of the environment caught is started anew and counts neither as a failure nor as fresh.
 */

import { PinnedFetchError } from '../errors.ts'
import type { GuardEvent } from '../events.ts'
import type { Rules } from '../judge.ts'
import type { IsPublicSuffix } from '../policy/public-suffix.ts'
import { Allowance } from './allowance.ts'
import { ageOf, type Clock, type Instant, instantOf } from './clock.ts'
import { policyErrorOf } from './failure.ts'
import { Flight } from './flight.ts'
import { Intake, suffixesFor } from './intake.ts'
import type { LoadedDocument, PolicySource } from './source.ts'

/** A load that takes longer is given up, ms. Secrets Manager answers in tens of ms; Lambda's default time-out is 3 s. */
export const LOAD_DEADLINE_MS = 2_000

/** Part of the time an invocation has left that a load may take: the handler needs the rest to answer. */
const LOADING_SHARE = 0.5

/** Pause after the first failed load, ms; doubles with each further one up to the limits below. */
const RETRY_PAUSE_MS = 1_000
const MAX_RETRY_PAUSE_MS = 60_000
/** While there is no policy at all nothing works, so recovery must be noticed soon. */
const MAX_RETRY_PAUSE_WITHOUT_POLICY_MS = 5_000

/** Part of `cacheExpiry` by which environments differ, so that a fleet never asks in step. */
const JITTER = 0.1

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

/** Why a load was begun: a failure of one that nobody asked for is not held against the next. */
type Reason = 'prefetch' | 'call'

interface Loading {
  readonly flight: Flight
  readonly reason: Reason
  readonly done: Promise<Rules>
}

export class PolicyStore {
  readonly #sources: readonly PolicySource[]
  readonly #options: StoreOptions
  /** ms a loaded policy is fresh: less than the option where a source has a cache of its own. */
  readonly #cacheExpiry: number
  readonly #intake: Intake
  readonly #allowance = new Allowance()
  readonly #listeners = new Set<(rules: Rules) => void>()
  #current: Current | undefined
  #loading: Loading | undefined
  #failures = 0
  #pausedAt: Instant | undefined
  #pauseLength = 0
  #lastError: PinnedFetchError | undefined
  #invocationEndsAt = Number.NEGATIVE_INFINITY
  #isClosed = false

  constructor(sources: readonly PolicySource[], options: StoreOptions) {
    this.#sources = sources
    this.#options = options
    this.#cacheExpiry = expiryBehind(sources, options.cacheExpiry)
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

  /** The rules that may serve a call which can't wait for a load; `undefined`: there are none, or they are too old. */
  get servable(): Rules | undefined {
    const { clock, maxStale } = this.#options
    const current = this.#current
    return current !== undefined && ageOf(current.startedAt, clock) <= maxStale ? current.rules : undefined
  }

  /** Called with the new rules whenever a load has brought different ones. */
  onChange(listener: (rules: Rules) => void): void {
    this.#listeners.add(listener)
  }

  /** Starts a load if there is no policy: in INIT, and when an invocation begins. Never throws or rejects. */
  prefetch(): void {
    if (this.#current === undefined && this.#pending() === undefined) this.#load('prefetch').catch(() => undefined)
  }

  /**
   * An invocation begins that has `remaining` ms: from now on a load may take half of what is left of them, the one on
   * its way included. Invocations have the same time-out, so the last to begin is the last to end and speaks for all.
   */
  expectEnd(remaining: number): void {
    this.#invocationEndsAt = this.#options.clock.elapsed() + remaining
    this.#pending()?.flight.hasten(this.#patience())
  }

  /** The environment was frozen: a load that was on its way is started anew. */
  thaw(): void {
    this.#pending()?.flight.thaw()
  }

  /**
   * The rules for a call: at once while they are fresh, or may serve while they are refreshed.
   *
   * @throws {PinnedFetchError} `ERR_POLICY_UNAVAILABLE`, `ERR_POLICY_MALFORMED`, `ERR_POLICY_STALE`; as a rejection
   */
  rules(): Rules | Promise<Rules> {
    const current = this.#current
    if (current === undefined) return this.#firstRules()
    const age = ageOf(current.startedAt, this.#options.clock)
    if (age <= current.freshFor) return current.rules
    const mayServe = age <= this.#options.maxStale
    if (this.#isPaused()) return mayServe ? current.rules : Promise.reject(this.#stale(age))
    const refreshed = this.#pending()?.done ?? this.#load('call')
    if (mayServe && age <= 2 * this.#cacheExpiry) {
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
   * @param cured whether rules let the call pass; then the source need not be asked. Unset: it is asked
   */
  async rulesSince(since: number, cured: (rules: Rules) => boolean = () => false): Promise<Rules | undefined> {
    await this.#pending()?.done.catch(() => undefined)
    const current = this.#current
    if (current !== undefined && (current.startedAt.elapsed >= since || cured(current.rules))) return current.rules
    const later = this.#pending()
    if (later !== undefined) {
      await later.done.catch(() => undefined)
    } else if (!this.#isPaused() && this.#allowance.take(this.#options.clock.elapsed())) {
      await this.#load('call').catch(() => undefined)
    }
    return this.#current?.rules
  }

  /** Loads now, whatever the age. @throws {PinnedFetchError} what the load failed with; the old rules serve on */
  async refresh(): Promise<void> {
    await (this.#pending()?.done ?? this.#load('call'))
  }

  /** Gives up a load in flight, silently. */
  close(): void {
    this.#isClosed = true
    this.#loading?.flight.giveUp()
    this.#loading = undefined
    this.#listeners.clear()
  }

  #firstRules(): Promise<Rules> {
    const pending = this.#pending()
    // A load that was begun in INIT may have hung there, and the source be back: one more try, in the time that is left.
    if (pending?.reason === 'prefetch') return pending.done.catch(() => this.#pending()?.done ?? this.#load('call'))
    if (pending !== undefined) return pending.done
    if (this.#lastError !== undefined && this.#isPaused()) return Promise.reject(this.#lastError)
    return this.#load('call')
  }

  /** The load that a caller may wait for; one that outlived its deadline was frozen, and is given up here. */
  #pending(): Loading | undefined {
    if (this.#loading?.flight.slept) {
      this.#loading.flight.giveUp()
      this.#loading = undefined
    }
    return this.#loading
  }

  #load(reason: Reason, restarts = 1): Promise<Rules> {
    const flight = new Flight(this.#sources, this.#patience(), this.#options.clock)
    const done: Promise<Rules> = flight.documents
      .then(async (documents) => this.#accept(documents, await suffixesFor(documents), flight.startedAt))
      .catch((error: unknown): Promise<Rules> => {
        // Frozen in mid-load: whoever still waits gets a load of the time after the thaw. Where the freeze is a guess,
        // once: what seems to sleep again is a source that blocks the process.
        if (flight.slept && (flight.isTold || restarts > 0) && !this.#isClosed) {
          const other = this.#loading?.flight === flight ? undefined : this.#loading?.done
          return other ?? this.#load(reason, flight.isTold ? restarts : restarts - 1)
        }
        throw this.#fail(error, flight, reason)
      })
      .finally(() => {
        if (this.#loading?.flight === flight) this.#loading = undefined
      })
    this.#loading = { flight, reason, done }
    return done
  }

  /** ms that a load which begins now may take. */
  #patience(): number {
    const left = this.#invocationEndsAt - this.#options.clock.elapsed()
    return left > 0 ? Math.min(LOAD_DEADLINE_MS, Math.max(1, left * LOADING_SHARE)) : LOAD_DEADLINE_MS
  }

  #accept(documents: readonly LoadedDocument[], isSuffix: IsPublicSuffix, startedAt: Instant): Rules {
    const previous = this.#current
    if (previous !== undefined && previous.startedAt.elapsed > startedAt.elapsed) return previous.rules
    const { policy, version, stage, changed } = this.#intake.accept(documents, isSuffix)
    const rules = changed || previous === undefined ? { policy, version, mode: this.#options.mode } : previous.rules
    const { clock } = this.#options
    const cacheExpiry = this.#cacheExpiry
    const freshFor = cacheExpiry < 0 ? Number.POSITIVE_INFINITY : cacheExpiry * (1 - JITTER * Math.random())
    this.#current = { rules, startedAt, freshFor }
    this.#failures = 0
    this.#lastError = undefined
    this.#pausedAt = undefined
    const ageSeconds = previous === undefined ? 0 : ageOf(previous.startedAt, clock) / 1000
    this.#options.emit({ type: 'policy-refreshed', source: this.name, version, stage, changed, ageSeconds })
    if (rules !== previous?.rules) for (const listener of this.#listeners) listener(rules)
    return rules
  }

  #fail(cause: unknown, { startedAt, slept }: Flight, reason: Reason): PinnedFetchError {
    const error = policyErrorOf(cause, this.name)
    const current = this.#current
    // A load that was overtaken has nothing to say any more.
    if (this.#isClosed || (current !== undefined && current.startedAt.elapsed > startedAt.elapsed)) return error
    // One that slept again says nothing about the source: the call that comes now may be the first in a long time.
    if (reason === 'call' && !slept) this.#pause(error)
    const ageSeconds = current === undefined ? undefined : ageOf(current.startedAt, this.#options.clock) / 1000
    const { code, message } = error
    this.#options.emit({ type: 'policy-refresh-failed', source: this.name, code, message, ageSeconds })
    return error
  }

  #pause(error: PinnedFetchError): void {
    const limit = this.#current === undefined ? MAX_RETRY_PAUSE_WITHOUT_POLICY_MS : MAX_RETRY_PAUSE_MS
    const pause = Math.min(limit, RETRY_PAUSE_MS * 2 ** this.#failures)
    this.#failures += 1
    this.#pausedAt = instantOf(this.#options.clock)
    this.#pauseLength = pause * (0.5 + 0.5 * Math.random())
    this.#lastError = error
  }

  #isPaused(): boolean {
    return this.#pausedAt !== undefined && ageOf(this.#pausedAt, this.#options.clock) < this.#pauseLength
  }

  #stale(age: number): PinnedFetchError {
    const evidence = { source: this.name, ageSeconds: age / 1000, maxStaleSeconds: this.#options.maxStale / 1000 }
    return new PinnedFetchError('ERR_POLICY_STALE', evidence, { cause: this.#lastError })
  }
}

/**
 * What a source hands over may be as old as its own cache allows. So a policy counts as fresh for less, and a revoked pin
 * still lives at most 2 x `expiry` behind a cache that is no longer than that.
 */
function expiryBehind(sources: readonly PolicySource[], expiry: number): number {
  if (expiry < 0) return expiry
  const cachedFor = Math.max(0, ...sources.map((source) => source.cachedFor ?? 0))
  return Math.max(expiry - cachedFor / 2, expiry / 2)
}
