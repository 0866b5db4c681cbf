/**
 * The pinned undici Dispatcher: for `undici.request`, for the `dispatcher` option of npm undici's `fetch` and of Node's
 * own, and for `setGlobalDispatcher`.
 *
 * It stands in for undici's Agent and loads undici with its first request, so that who only uses `pinnedAgent` never
 * pays for it. Every request, a redirect's next step included, is admitted here before a pool sees it.
 *
 * The judged name is the host of the origin; a `Host` header or a `servername` can't change it. The one exception is
 * undici's `dns` interceptor, which puts an address in the origin's place and the name into `servername`: there the
 * name is judged, so that DNS can't choose the entry; an address with an entry of its own keeps it only against a name
 * that has none.
 */

import { EventEmitter } from 'node:events'
import type { Dispatcher } from 'undici'
import { PinnedFetchError } from '../errors.ts'
import { type Call, judgeCall, type Rules } from '../judge.ts'
import { canonicalHost } from '../policy/host.ts'
import { asError } from './callbacks.ts'
import { type Destination, Destinations } from './destination.ts'
import type { Gate } from './gate.ts'
import { hostHeader, rereadable } from './host-header.ts'
import type { Pools, Undici } from './undici/pools.ts'

export interface LoadedUndici {
  readonly undici: Undici
  readonly pools: Pools
}

export interface PinnedDispatcherOptions {
  readonly gate: Gate
  /** Loads undici and makes the pools; the same promise each time. */
  readonly load: () => Promise<LoadedUndici>
  /** Of a composed dispatcher: the one it stands in front of, and what it does before. */
  readonly base: PinnedDispatcher | undefined
  readonly dispatch: Dispatcher['dispatch'] | undefined
}

type Options = Dispatcher.DispatchOptions & { readonly servername?: string | undefined; readonly allowH2?: boolean }
type Mutable<Fields> = { -readonly [Name in keyof Fields]: Fields[Name] }
type Handler = Dispatcher.DispatchHandler

/** Handlers of undici 6 and 7, which Node's own `fetch` brings along, are named otherwise. */
type LegacyHandler = { readonly onError?: (error: Error) => void }

export class PinnedDispatcher extends EventEmitter {
  readonly #gate: Gate
  readonly #destinations: Destinations
  readonly #load: () => Promise<LoadedUndici>
  readonly #base: PinnedDispatcher | undefined
  readonly #composed: Dispatcher['dispatch'] | undefined
  #loaded: LoadedUndici | undefined
  #isClosed = false

  constructor({ gate, load, base, dispatch }: PinnedDispatcherOptions) {
    super()
    this.#gate = gate
    this.#destinations = new Destinations((...address) => gate.callTo(...address))
    this.#load = load
    this.#base = base
    this.#composed = dispatch
  }

  /** Sends one request, or tells the handler why not. @throws {TypeError} for a handler that can't be told anything */
  dispatch(options: Options, handler: Handler): boolean {
    if (this.#composed !== undefined) return this.#composed(options as Dispatcher.DispatchOptions, handler)
    checkHandler(handler)
    const loaded = this.#loaded
    const rules = this.#attempt(handler, () => this.#gate.rules())
    if (rules === undefined) return false
    if (loaded !== undefined && !(rules instanceof Promise)) return this.#proceed(loaded, rules, options, handler)
    Promise.all([rules, this.#ready()]).then(
      ([current, undici]) => this.#proceed(undici, current, options, handler),
      (error: unknown) => fail(handler, error),
    )
    // Not `false`: that would ask the caller to wait for "drain".
    return true
  }

  /** undici's `compose`: interceptors in front of the pinned dispatch. */
  compose(...interceptors: readonly unknown[]): Dispatcher {
    const list = (
      Array.isArray(interceptors[0]) ? interceptors[0] : interceptors
    ) as readonly Dispatcher.DispatcherComposeInterceptor[]
    let dispatch: Dispatcher['dispatch'] = this.dispatch.bind(this)
    for (const interceptor of list) {
      if (interceptor !== null && interceptor !== undefined) dispatch = interceptor(dispatch)
    }
    const composed: unknown = new PinnedDispatcher({ gate: this.#gate, load: this.#load, base: this, dispatch })
    return composed as Dispatcher
  }

  async request(...parameters: unknown[]): Promise<unknown> {
    return await this.#call('request', parameters)
  }

  async stream(...parameters: unknown[]): Promise<unknown> {
    return await this.#call('stream', parameters)
  }

  async connect(...parameters: unknown[]): Promise<unknown> {
    return await this.#call('connect', parameters)
  }

  async upgrade(...parameters: unknown[]): Promise<unknown> {
    return await this.#call('upgrade', parameters)
  }

  /** Needs undici loaded: after the first request, or after `preconnect`. */
  pipeline(...parameters: unknown[]): unknown {
    if (this.#loaded === undefined) {
      throw new PinnedFetchError('ERR_CONFIGURATION', {
        option: 'pinnedDispatcher.pipeline',
        problem: 'was called before undici was loaded',
        repair: 'use undici.pipeline(url, { dispatcher }) instead',
      })
    }
    return apiOf(this.#loaded, 'pipeline').apply(this, parameters)
  }

  /** Refuses new requests and ends when the running ones have. */
  async close(callback?: () => void): Promise<void> {
    this.#isClosed = true
    await (this.#base === undefined ? this.#loaded?.pools.close() : this.#base.close())
    callback?.()
  }

  /** Ends every request now. */
  async destroy(...parameters: readonly unknown[]): Promise<void> {
    this.#isClosed = true
    const error = parameters.find((parameter) => parameter instanceof Error)
    await (this.#base === undefined ? this.#loaded?.pools.destroy(error ?? null) : this.#base.destroy(error))
    const callback = parameters.find((parameter) => typeof parameter === 'function')
    callback?.()
  }

  get closed(): boolean {
    return this.#isClosed
  }

  get destroyed(): boolean {
    return this.#isClosed
  }

  /** Opens and judges a connection for the first request to `call`. */
  async preconnect(call: Call): Promise<void> {
    const [rules, { pools }] = await Promise.all([this.#gate.rules(), this.#ready()])
    this.#gate.admit(rules, call)
    await pools.preconnect(call)
  }

  /** Takes every idle connection out of use. */
  closeIdle(): void {
    this.#loaded?.pools.retireAll()
  }

  async #ready(): Promise<LoadedUndici> {
    this.#loaded ??= await this.#load()
    return this.#loaded
  }

  #proceed({ undici, pools }: LoadedUndici, rules: Rules, options: Options, handler: Handler): boolean {
    return (
      this.#attempt(handler, () => {
        if (this.#isClosed) throw new Error('The guard is closed')
        // Read once: what is judged is what is dialled.
        const own: Mutable<Options> & { dispatcher?: unknown } = { ...options }
        // undici 6 and 7 leave there what they were called with.
        if ('dispatcher' in own) delete own.dispatcher
        if (own.headers) own.headers = rereadable(own.headers)
        const destination = this.#destination(own, rules)
        this.#gate.admit(rules, destination.call)
        own.origin = destination.origin
        // undici would otherwise take it from the Host header.
        own.servername = destination.servername
        if (typeof handler.onRequestStart === 'function') return pools.dispatch(destination, own, handler)
        // Handlers of undici 6 and 7 don't speak HTTP/2 (nodejs/undici#4989).
        Object.assign(own, { allowH2: false }, oneLength(own))
        return pools.dispatch(destination, own, wrapLegacy(undici, handler))
      }) ?? false
    )
  }

  #destination({ origin, servername, headers }: Options, rules: Rules): Destination {
    const destination = this.#destinations.at(origin)
    if (destination.servername !== undefined) return destination
    const { call } = destination
    const isCovered = ({ host, port }: Call) => rules.policy.hosts.find(host, port) !== undefined
    if (servername) {
      const named = this.#destinations.named(destination, servername)
      return isCovered(named.call) || !isCovered(call) ? named : destination
    }
    // When an address fails, the interceptor asks for the next without the name; only `Host` still tells it. It may
    // not open an address that the policy closes, but it keeps one that the policy leaves open from being a way out.
    const written = isCovered(call) || isClosed(rules, call) ? undefined : canonicalHost(hostHeader(headers) ?? '')
    if (written === undefined) return destination
    const named = this.#destinations.named(destination, written)
    return isCovered(named.call) ? named : destination
  }

  #attempt<Result>(handler: Handler, action: () => Result): Result | undefined {
    try {
      return action()
    } catch (error) {
      fail(handler, error)
      return undefined
    }
  }

  async #call(name: 'request' | 'stream' | 'connect' | 'upgrade', parameters: unknown[]): Promise<unknown> {
    return await apiOf(await this.#ready(), name).apply(this, parameters)
  }
}

/** Whether the rules refuse an uncovered place; no date plays a part. */
function isClosed(rules: Rules, call: Call): boolean {
  return judgeCall(rules, call).decision === 'refuse'
}

/** The `fetch` of undici 6 writes a length that its caller gave beside its own, as "4, 4", which undici 8 refuses. */
function oneLength({ headers }: Options): Pick<Options, 'headers'> {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers) || Symbol.iterator in headers) return {}
  const once = (name: string, value: unknown) =>
    name.toLowerCase() === 'content-length' ? String(value).replace(/^(\d+)(?:, *\1)+$/, '$1') : value
  return {
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, once(name, value)])) as Record<
      string,
      string
    >,
  }
}

function checkHandler(handler: (Handler & LegacyHandler) | null | undefined): void {
  if (typeof handler !== 'object' || handler === null) throw new TypeError('handler must be an object')
  if (typeof handler.onResponseError !== 'function' && typeof handler.onError !== 'function') {
    throw new TypeError('handler must have the method onResponseError')
  }
}

function fail(handler: Handler & LegacyHandler, error: unknown): void {
  const reason = asError(error)
  if (typeof handler.onResponseError === 'function') {
    // As undici does for a request that never began: no controller.
    handler.onResponseError(null as unknown as Dispatcher.DispatchController, reason)
  } else {
    handler.onError?.(reason)
  }
}

function wrapLegacy({ Dispatcher1Wrapper }: Undici, handler: Handler): Handler {
  return (Dispatcher1Wrapper as unknown as { wrapHandler(handler: Handler): Handler }).wrapHandler(handler)
}

/** undici's `request` and friends use nothing of their `this` but `dispatch`. */
function apiOf({ undici }: LoadedUndici, name: keyof Undici['api']): (...parameters: unknown[]) => unknown {
  return undici.api[name] as (...parameters: unknown[]) => unknown
}
