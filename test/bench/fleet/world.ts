/**
 * Virtual time for a whole fleet in one process: a queue of events, and the environments of Lambda that sleep between
 * their invocations.
 *
 * While a world runs, `Date`, `setTimeout`, `clearTimeout` and `Math.random` are its own, so that code written for the
 * real ones runs in it unchanged, and twice the same. What happens to an environment that is frozen (a timer, an answer)
 * waits for its next invocation, as in Lambda. A rejection that nobody handles ends an environment, as in Lambda.
 */

import type { Clock } from '../../../lib/source/clock.ts'
import { seededRandom } from './random.ts'

/** The wall clock when virtual time is 0. */
const EPOCH = Date.UTC(2027, 0, 4)

const realImmediate = setImmediate

/** What the world knows of an environment. */
export interface Sleeper {
  /** Virtual ms from which it is frozen. */
  awakeUntil: number
  /** How many processes it has had: what belongs to one that ended never happens. */
  readonly generation: number
  readonly deferred: WorldEvent[]
  /** Nobody handled a rejection in it. */
  crash(): void
}

/** Also what the world's `setTimeout` returns. */
export class WorldEvent {
  time = 0
  order = 0
  isCancelled = false
  /** A promise: time stands still until it is settled. */
  readonly run: () => void | Promise<void>
  /** Whose: it waits while that one is frozen. */
  readonly sleeper: Sleeper | undefined
  readonly #generation: number | undefined

  constructor(run: () => void | Promise<void>, sleeper?: Sleeper) {
    this.run = run
    this.sleeper = sleeper
    this.#generation = sleeper?.generation
  }

  get isVoid(): boolean {
    return this.isCancelled || this.sleeper?.generation !== this.#generation
  }

  unref(): this {
    return this
  }
}

export class World {
  now = 0
  /** In whose name code runs at this moment. */
  current: Sleeper | undefined
  readonly random: () => number
  readonly clock: Clock = { now: () => EPOCH + this.now, elapsed: () => this.now }
  #queue: WorldEvent[] = []
  #order = 0
  #isUnsettled = false

  constructor(seed: number) {
    this.random = seededRandom(seed)
  }

  /** Promises were made or settled: they are carried on before time goes on. */
  unsettle(): void {
    this.#isUnsettled = true
  }

  after(milliseconds: number, event: WorldEvent): WorldEvent {
    event.time = this.now + milliseconds
    event.order = this.#order++
    push(this.#queue, event)
    return event
  }

  /** Once, on behalf of whoever runs now. */
  later(milliseconds: number, run: () => void): WorldEvent {
    return this.after(milliseconds, new WorldEvent(run, this.current))
  }

  /** An invocation reaches it: what waited for the thaw comes first. */
  async thaw(sleeper: Sleeper): Promise<void> {
    sleeper.awakeUntil = Number.POSITIVE_INFINITY
    for (const event of sleeper.deferred.splice(0)) {
      if (event.isVoid) continue
      this.current = sleeper
      await event.run()
      await this.#settle()
    }
    this.current = sleeper
  }

  /** Lets time pass until then. One world at a time: it takes the process's clocks. */
  async runUntil(time: number): Promise<void> {
    const restore = this.#install()
    try {
      for (let event = this.#queue[0]; event !== undefined && event.time <= time; event = this.#queue[0]) {
        pop(this.#queue)
        if (event.isVoid) continue
        this.now = event.time
        const { sleeper } = event
        if (sleeper !== undefined && sleeper.awakeUntil < this.now) {
          sleeper.deferred.push(event)
          continue
        }
        this.current = sleeper
        const running = event.run()
        if (running !== undefined) await running
        if (this.#isUnsettled) await this.#settle()
      }
      this.now = time
    } finally {
      restore()
    }
  }

  /** Nothing in a world waits for the real one, so one turn of the loop carries every promise on. */
  #settle(): Promise<void> {
    this.#isUnsettled = false
    return new Promise((resolve) => realImmediate(resolve))
  }

  #install(): () => void {
    const world = this
    const { Date: RealDate, setTimeout: realSetTimeout, clearTimeout: realClearTimeout } = globalThis
    const realRandom = Math.random
    class VirtualDate extends RealDate {
      constructor(...given: readonly unknown[]) {
        super(...((given.length === 0 ? [EPOCH + world.now] : given) as [number]))
      }
      static override now(): number {
        return EPOCH + world.now
      }
    }
    const timer = (run: () => void, milliseconds = 0) =>
      world.later(milliseconds, () => {
        world.unsettle()
        run()
      })
    const cancel = (event: WorldEvent | undefined) => {
      if (event !== undefined) event.isCancelled = true
    }
    Object.assign(globalThis, { Date: VirtualDate, setTimeout: timer, clearTimeout: cancel })
    Math.random = this.random
    const handlers = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    process.on('unhandledRejection', () => this.current?.crash())
    return () => {
      Object.assign(globalThis, { Date: RealDate, setTimeout: realSetTimeout, clearTimeout: realClearTimeout })
      Math.random = realRandom
      process.removeAllListeners('unhandledRejection')
      for (const handler of handlers) process.on('unhandledRejection', handler)
    }
  }
}

function isBefore(one: WorldEvent, other: WorldEvent): boolean {
  return one.time < other.time || (one.time === other.time && one.order < other.order)
}

/** A binary heap: the next event is the first. */
function push(queue: WorldEvent[], event: WorldEvent): void {
  let index = queue.length
  while (index > 0) {
    const above = (index - 1) >> 1
    const parent = queue[above] as WorldEvent
    if (!isBefore(event, parent)) break
    queue[index] = parent
    index = above
  }
  queue[index] = event
}

function pop(queue: WorldEvent[]): void {
  const event = queue.pop() as WorldEvent
  const { length } = queue
  if (length === 0) return
  let index = 0
  for (let below = 1; below < length; below = 2 * index + 1) {
    if (below + 1 < length && isBefore(queue[below + 1] as WorldEvent, queue[below] as WorldEvent)) below += 1
    const child = queue[below] as WorldEvent
    if (!isBefore(child, event)) break
    queue[index] = child
    index = below
  }
  queue[index] = event
}
