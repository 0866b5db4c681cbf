/**
 * Row 27, in a fresh process: what becomes of its own `fetch` when pinned-fetch is imported and used, before or after
 * npm undici, and when the pinned dispatcher is made the global one.
 *
 * Imports nothing that would load undici before its time.
 */

import { get } from 'node:https'
import type { LookupFunction } from 'node:net'
import { parameter, report } from '../child.ts'

export type Scenario = 'guard alone' | 'fetch first' | 'undici first' | 'made global' | 'made global after use'

export interface Given {
  readonly scenario: Scenario
  readonly ca: string
  readonly policy: object
  /** `plain` is uncovered and `http:`: only a fetch without a guard gets there. */
  readonly urls: { readonly plain: string; readonly good: string; readonly bad: string }
}

export interface Report {
  /** After which steps the process's own dispatcher was another object than before. */
  readonly changes: readonly string[]
  /** Whether Node's own fetch goes through npm undici. */
  readonly isRerouted: boolean
  /** A status or a code each, at the plain URL, and once the dispatcher is global at the good and the bad one. */
  readonly own: readonly unknown[]
  readonly npm: readonly unknown[]
}

const { scenario, ca, policy, urls } = parameter<Given>()
const holder = globalThis as unknown as Record<symbol, unknown>
/** From Node 26 on, its own fetch is undici 8, which has another place for its dispatcher. */
const place = Number.parseInt(process.versions['undici'] ?? '', 10) >= 8 ? 2 : 1
const dispatcherOfFetch = () => holder[Symbol.for(`undici.globalDispatcher.${place}`)]

if (scenario === 'fetch first') await (await fetch(urls.plain)).text()
if (scenario === 'undici first' || scenario === 'made global') await import('undici')

const before = dispatcherOfFetch()
const seen: { readonly step: string; readonly dispatcher: unknown }[] = []
const compare = (step: string) => seen.push({ step, dispatcher: dispatcherOfFetch() })

const { createGuard, findPinnedFetchError } = await import('../../../lib/index.ts')
compare('import')
const lookup: LookupFunction = (_host, options, callback) => {
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}
const guard = createGuard({ policy, ca, lookup, metrics: false })
await guard.ready()
compare('createGuard')
if (scenario !== 'made global') {
  await (await guard.fetch(urls.good)).text()
  compare('pinnedFetch')
  await guard.fetch(urls.bad).catch(() => undefined)
  compare('a refusal')
  await new Promise((resolve, reject) => {
    get(urls.good, { agent: guard.agent }, (incoming) => incoming.resume().on('end', resolve)).on('error', reject)
  })
  compare('pinnedAgent')
}

const undici = await import('undici')
compare('import of undici afterwards')
if (scenario.startsWith('made global')) undici.setGlobalDispatcher(guard.dispatcher)

const outcomeAt =
  (fetchAny: (url: string) => Promise<{ status: number; text(): Promise<string> }>) => async (url: string) => {
    try {
      const response = await fetchAny(url)
      await response.text()
      return response.status
    } catch (error) {
      return findPinnedFetchError(error)?.code ?? codeIn(error)
    }
  }
// Without the guard's lookup the other two have no address.
const places = scenario.startsWith('made global') ? [urls.plain, urls.good, urls.bad] : [urls.plain]
const own = await Promise.all(places.map(outcomeAt((url) => fetch(url))))
const npm = await Promise.all(places.map(outcomeAt((url) => undici.fetch(url))))
const isOfNpm = (dispatcher: unknown) =>
  dispatcher instanceof undici.Dispatcher1Wrapper || dispatcher instanceof undici.Dispatcher
const isRerouted = isOfNpm(dispatcherOfFetch())
// Node's own may come to stand where nothing stood: that is what its fetch uses anyway.
const isChange = (now: unknown) => now !== before && (before !== undefined || isOfNpm(now))
const changes = seen.filter(({ dispatcher }) => isChange(dispatcher)).map(({ step }) => step)
report({ changes, isRerouted, own, npm } satisfies Report)

function codeIn(error: unknown): unknown {
  const cause = (error as { cause?: { code?: unknown } }).cause
  return cause?.code ?? String(error)
}
