/**
 * A policy source whose every reply the test gives, in any order and as late as it likes, and a store before it.
 */

import type { TestContext } from 'node:test'
import type { GuardEvent } from '../../lib/events.ts'
import type { LoadedDocument, PolicySource } from '../../lib/source/source.ts'
import { PolicyStore, type StoreOptions } from '../../lib/source/store.ts'
import { SettableClocks } from './settable-clocks.ts'

/** Pins of no key in particular: `pinOf(1)`, `pinOf(2)`. */
export function pinOf(number: number): string {
  return `sha256/${Buffer.alloc(32, number).toString('base64')}`
}

/** A document for "api.test" that pins the key of this number. */
export function documentOf(number: number, more: object = {}): unknown {
  return { version: 1, hosts: { 'api.test': { pins: [pinOf(number), pinOf(255)] } }, ...more }
}

export interface Load {
  readonly signal: AbortSignal | undefined
  answer(document: unknown, version?: string): Promise<void>
  fail(error: unknown): Promise<void>
}

export class ControllableSource implements PolicySource {
  readonly name: string
  readonly loads: Load[] = []

  constructor(name = 'the test') {
    this.name = name
  }

  load(signal?: AbortSignal): Promise<LoadedDocument> {
    const { promise, resolve, reject } = Promise.withResolvers<LoadedDocument>()
    this.loads.push({
      signal,
      async answer(document, version) {
        resolve({ document, ...(version === undefined ? {} : { version }) })
        await settled()
      },
      async fail(error) {
        reject(error)
        await settled()
      },
    })
    return promise
  }

  /** The latest load; throws when there was none, or another number than `count`. */
  latest(count = this.loads.length): Load {
    const load = this.loads.at(-1)
    if (load === undefined || this.loads.length !== count) {
      throw new Error(`${this.loads.length} loads instead of ${count}`)
    }
    return load
  }
}

/** Every promise that could settle by itself has settled. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export const CACHE_EXPIRY_MS = 100_000
export const MAX_STALE_MS = 1_000_000

export function storeOver(
  t: TestContext,
  options: Partial<StoreOptions> & { readonly sources?: readonly PolicySource[] } = {},
) {
  const source = new ControllableSource()
  const clock = new SettableClocks()
  const events: GuardEvent[] = []
  const { sources = [source], ...rest } = options
  const store = new PolicyStore(sources, {
    cacheExpiry: CACHE_EXPIRY_MS,
    maxStale: MAX_STALE_MS,
    clock,
    emit: (event) => void events.push(event),
    ...rest,
  })
  t.after(() => store.close())
  const failures = () => events.filter((event) => event.type === 'policy-refresh-failed')
  const refreshes = () => events.filter((event) => event.type === 'policy-refreshed')
  return { source, clock, events, store, failures, refreshes }
}

export type StoreOnStage = ReturnType<typeof storeOver>

/** The same, with the document of number 1 loaded. */
export async function loadedStore(
  t: TestContext,
  options: Parameters<typeof storeOver>[1] = {},
): Promise<StoreOnStage> {
  const stage = storeOver(t, options)
  const loading = stage.store.rules()
  await stage.source.latest(1).answer(documentOf(1), 'one')
  await loading
  return stage
}

/** Which number of {@link documentOf} the rules are. */
export function numberOf(rules: StoreOnStage['store']['latest']): number | undefined {
  const pin = rules?.policy.hosts.find('api.test', 443)?.pins?.[0]
  return pin === undefined ? undefined : Buffer.from(pin.sha256, 'base64')[0]
}
