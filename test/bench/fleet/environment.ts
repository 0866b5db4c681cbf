/**
 * One execution environment: when it is invoked, what its handler holds, and when it sleeps.
 *
 * It lives by Lambda's rules: one invocation at a time, frozen between them, ended by a time-out or by a rejection that
 * nobody handles, and made anew by the next invocation.
 */

import type { Ledger } from './ledger.ts'
import { waitingTime } from './random.ts'
import type { SecretValue } from './service.ts'
import { type Sleeper, type World, WorldEvent } from './world.ts'

/** From the start of INIT to the first invocation, ms. */
const INIT_MS = 250

/** What the handler does once it has its pins, ms. */
const HANDLER_MS = 80

/** A pause in which the middleware takes it that it slept (lib/net/idle.ts). */
const FREEZE_PAUSE_MS = 1_000

/** Lambda's default. */
export const TIME_OUT_MS = 3_000

/** What one environment has of a contender: made in INIT, asked by every invocation. */
export interface Tenant {
  /** An invocation begins. */
  begin?(remaining: number, slept: boolean): void
  /** The version of the pins that the call is judged by. */
  pins(): string | Promise<string>
}

/** Someone who keeps pins for an environment. */
export interface Contender {
  readonly name: string
  readonly create: (environment: Environment) => Tenant
}

/** How often an environment is invoked: ms from the end of one invocation to the next. */
export interface Traffic {
  readonly name: string
  pause(random: () => number, invocation: number): number
}

export const BUSY: Traffic = { name: 'busy', pause: (random) => waitingTime(20_000, random) }
export const RARE: Traffic = { name: 'rare', pause: (random) => waitingTime(600_000, random) }
/** Three invocations a second apart, and then it sleeps for 20 to 40 minutes. */
export const SLEEPING: Traffic = {
  name: 'sleeping',
  pause: (random, invocation) => (invocation % 3 === 0 ? 1_200_000 * (1 + random()) : 1_000),
}

export class Environment implements Sleeper {
  awakeUntil = Number.NEGATIVE_INFINITY
  generation = 0
  readonly deferred: WorldEvent[] = []
  readonly id: number
  readonly world: World
  /** The newest value that has reached it. */
  value: SecretValue | undefined
  /** Virtual ms of its last call by a version that is revoked by now. */
  lastRevokedCall = Number.NEGATIVE_INFINITY
  lastCall = Number.NEGATIVE_INFINITY
  isInvoked = false
  readonly #ledger: Ledger
  readonly #contender: Contender
  readonly #traffic: Traffic
  readonly #next: WorldEvent
  #tenant: Tenant | undefined
  #invocations = 0
  #hadPins = false
  #lastEnd = Number.NEGATIVE_INFINITY

  constructor(id: number, contender: Contender, traffic: Traffic, world: World, ledger: Ledger) {
    this.id = id
    this.world = world
    this.#contender = contender
    this.#traffic = traffic
    this.#ledger = ledger
    // Not the environment's own event: it reaches the environment when it is frozen, too.
    this.#next = new WorldEvent(() => this.#invoke())
  }

  /** A cold start in so many ms. */
  startIn(milliseconds: number): void {
    const init = new WorldEvent(() => {
      this.#init()
      this.world.after(INIT_MS, this.#next)
    })
    this.world.after(milliseconds, init)
  }

  crash(): void {
    this.#ledger.crashes += 1
    this.#end()
  }

  #init(): void {
    this.awakeUntil = this.world.now + INIT_MS
    this.world.current = this
    this.world.unsettle()
    this.#tenant = this.#contender.create(this)
  }

  #invoke(): void | Promise<void> {
    if (this.deferred.length === 0) return this.#begin()
    return this.world.thaw(this).then(() => this.#begin())
  }

  #begin(): void {
    const { world } = this
    world.current = this
    this.isInvoked = true
    if (this.#tenant === undefined) this.#init()
    this.awakeUntil = Number.POSITIVE_INFINITY
    this.#invocations += 1
    this.#tenant?.begin?.(TIME_OUT_MS, world.now - this.#lastEnd >= FREEZE_PAUSE_MS)
    const pins = this.#tenant?.pins() ?? Promise.reject(new Error('no process'))
    if (typeof pins === 'string') this.#finish(pins, world.now)
    else this.#await(pins)
  }

  #await(pins: Promise<string>): void {
    const { world } = this
    const beganAt = world.now
    let isOver = false
    const finish = (version: string | undefined) => {
      if (isOver) return
      isOver = true
      timeOut.isCancelled = true
      this.#finish(version, beganAt)
    }
    const timeOut = new WorldEvent(() => {
      this.#end()
      finish(undefined)
    })
    world.after(TIME_OUT_MS, timeOut)
    world.unsettle()
    pins.then(finish, () => finish(undefined))
  }

  #finish(version: string | undefined, beganAt: number): void {
    const { world } = this
    this.#note(version, beganAt)
    this.#lastEnd = world.now + HANDLER_MS
    this.awakeUntil = this.#lastEnd
    world.after(HANDLER_MS + this.#traffic.pause(world.random, this.#invocations), this.#next)
  }

  /** Its process is gone, and what it held. */
  #end(): void {
    this.#tenant = undefined
    this.value = undefined
    this.generation += 1
    this.deferred.length = 0
    this.awakeUntil = this.world.now
  }

  #note(version: string | undefined, beganAt: number): void {
    const { now } = this.world
    this.lastCall = now
    this.#ledger.wait(now - beganAt)
    if (version === undefined) {
      this.#ledger.failed(this.#hadPins)
      return
    }
    this.#hadPins = true
    if (version !== this.#ledger.version) this.lastRevokedCall = now
    this.#ledger.called(now - (this.value?.readAt ?? now))
  }
}
