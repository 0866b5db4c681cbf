/**
 * The process's own `fetch`, its `WebSocket`, and the fetch and request of every copy of npm undici: they send by the
 * dispatcher that stands behind two global symbols, and the guard's is put there.
 *
 * `fetch` stays Node's, so that `Request`, `Response`, `Headers` and `FormData` stay the classes that they were; each call
 * is given the guard's dispatcher, also when its own arguments or a later `setGlobalDispatcher` name another. What a
 * dispatcher of somebody else's opens for npm undici comes by `tls.connect` (tls.ts).
 */

import type { Dispatcher } from 'undici'
import type { Guard } from '../../guard.ts'
import { asError } from '../../net/callbacks.ts'
import type { PlainRules } from './plain-agent.ts'

/** `.1` is asked by Node's own undici up to Node 24 and by npm's 6 and 7, `.2` by those after. */
const PLACES = [Symbol.for('undici.globalDispatcher.1'), Symbol.for('undici.globalDispatcher.2')]

type Dispatch = Dispatcher['dispatch']

/** Puts the guard behind `fetch` and undici's global dispatcher. */
export function guardFetch(guard: Pick<Guard, 'dispatcher'>, isLocal: PlainRules['isLocal']): void {
  const dispatcher = guard.dispatcher.compose((dispatch) => localFirst(dispatch, isLocal))
  for (const place of PLACES) {
    // As undici itself defines it.
    Object.defineProperty(globalThis, place, { value: dispatcher, writable: true, enumerable: false })
  }
  const fetchOfNode = globalThis.fetch
  const fetch: typeof globalThis.fetch = (input, init) => fetchOfNode(input, sendingBy(dispatcher, init))
  Object.defineProperty(globalThis, 'fetch', { value: fetch, writable: true, enumerable: true, configurable: true })
}

/** A Request may be given as `init`: its fields are read from itself, only the dispatcher is ours. */
function sendingBy(dispatcher: Dispatcher, init: RequestInit | undefined): RequestInit {
  if (typeof init !== 'object' || init === null) return { dispatcher } as object
  return new Proxy(init, {
    get: (target, name) => (name === 'dispatcher' ? dispatcher : Reflect.get(target, name)),
    has: (target, name) => name === 'dispatcher' || Reflect.has(target, name),
  })
}

/** Sends plain calls to the services of the process's own environment past the policy. */
function localFirst(dispatch: Dispatch, isLocal: PlainRules['isLocal']): Dispatch {
  const pools = new Map<string, Promise<Dispatch>>()
  return (given, handler) => {
    // undici 6 and 7 leave there what they were called with, which undici 8 refuses.
    const { dispatcher: _, ...options } = given as typeof given & { dispatcher?: unknown }
    const origin = new URL(String(options.origin))
    if (origin.protocol !== 'http:' || !isLocal(origin.hostname, origin.port || 80)) return dispatch(options, handler)
    const pool = pools.get(origin.origin) ?? poolFor(origin.origin)
    pools.set(origin.origin, pool)
    pool.then(
      (send) => send({ ...options, origin: origin.origin }, handler),
      (error: unknown) => handler.onResponseError?.(null as never, asError(error)),
    )
    return true
  }
}

async function poolFor(origin: string): Promise<Dispatch> {
  const { Pool, Dispatcher1Wrapper } = await import('../../net/undici/undici.ts')
  const pool = new Pool(origin)
  // Node's own fetch speaks of its requests in the words of undici 6 and 7 up to Node 24.
  const { wrapHandler } = Dispatcher1Wrapper as unknown as { wrapHandler: (handler: object) => object }
  return (options, handler) =>
    pool.dispatch(
      options,
      typeof handler.onRequestStart === 'function' ? handler : wrapHandler.call(Dispatcher1Wrapper, handler),
    )
}
