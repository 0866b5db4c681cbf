/**
 * The three surfaces of one gate: `fetch`, the undici Dispatcher and the `node:https` Agent, each made when it is first
 * wanted, so that nobody pays for what he does not use.
 */

import type { Agent } from 'node:https'
import type { LookupFunction } from 'node:net'
import type { Dispatcher } from 'undici'
import type { Clock } from '../source/clock.ts'
import { PinnedAgent } from './agent.ts'
import { callToPlace } from './call.ts'
import { safeLookup } from './callbacks.ts'
import { type LoadedUndici, PinnedDispatcher } from './dispatcher.ts'
import type { Gate } from './gate.ts'
import type { Reporter } from './reporter.ts'

/** As it was when this was loaded: tests put a clock of their own in its place, which stands still. */
const nextTurn = setImmediate

export interface SurfacesOptions {
  readonly gate: Gate
  readonly reporter: Reporter
  readonly clock: Clock
  readonly lookup: LookupFunction | undefined
}

export class Surfaces {
  readonly #options: SurfacesOptions
  readonly #dispatcher: PinnedDispatcher
  #loading: Promise<LoadedUndici> | undefined
  #agent: PinnedAgent | undefined

  constructor({ gate, reporter, clock, lookup }: SurfacesOptions) {
    this.#options = { gate, reporter, clock, lookup: lookup && safeLookup(lookup) }
    this.#dispatcher = new PinnedDispatcher({ gate, load: () => this.#load(), base: undefined, dispatch: undefined })
  }

  /** Typed as the global fetch, so that it fits wherever an SDK takes one. */
  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const [{ undici }, { fetchThrough }] = await Promise.all([this.#load(), import('./undici/fetch.ts')])
    const response: unknown = await fetchThrough({ undici, dispatcher: this.dispatcher }, input, init)
    return response as Response
  }

  get dispatcher(): Dispatcher {
    return this.#dispatcher as unknown as Dispatcher
  }

  get agent(): Agent {
    this.#agent ??= new PinnedAgent(this.#options)
    return this.#agent
  }

  /** Opens and judges a connection to each place, and ends when every one was tried. Never rejects. */
  async preconnect(places: readonly string[]): Promise<void> {
    await Promise.allSettled(places.map((place) => this.#dispatcher.preconnect(callToPlace(place))))
  }

  /** Takes every idle connection out of use. */
  closeIdle(): void {
    this.#dispatcher.closeIdle()
    this.#agent?.closeIdle()
  }

  /** Closes every connection, each busy one when its request is done. */
  async close(): Promise<void> {
    this.#agent?.close()
    await this.#dispatcher.close()
  }

  #load(): Promise<LoadedUndici> {
    this.#loading ??= this.#loadUndici()
    return this.#loading
  }

  /** One turn of the event loop. Where that stands still, as under the timers of a test, until there is a policy. */
  async #turn(): Promise<void> {
    const arrived = (async () => void (await this.#options.gate.rules()))().catch(() => undefined)
    await Promise.race([new Promise((resolve) => nextTurn(resolve)), arrived])
  }

  async #loadUndici(): Promise<LoadedUndici> {
    const { readSteps } = await import('./undici/steps.ts')
    await readSteps(() => (this.#options.gate.hasRules ? undefined : this.#turn()))
    const [undici, { Pools }] = await Promise.all([import('./undici/undici.ts'), import('./undici/pools.ts')])
    const { gate, clock, lookup } = this.#options
    return { undici, pools: new Pools({ undici, gate, clock, lookup }) }
  }
}
