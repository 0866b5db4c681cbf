/**
 * Another copy of undici in the process, and another dispatcher for everybody.
 *
 * Node's own `fetch` is a copy of its own, and one of the four surfaces.
 */

import { createRequire } from 'node:module'
import type { Guarded, Surface } from '../../attacks/surfaces.ts'
import { lookupLoopback } from './loopback.ts'
import type { Material, Row } from './rows.ts'

type Copy = typeof import('undici')

const require = createRequire(import.meta.url)
const GLOBAL_DISPATCHERS = ['undici.globalDispatcher.1', 'undici.globalDispatcher.2'].map((name) => Symbol.for(name))
const holder = globalThis as unknown as Record<symbol, unknown>

export const UNDICI: readonly Row[] = [
  {
    name: "a second copy of undici uses the guard's dispatcher",
    twist: () => () => undefined,
    surfaces: surfacesOfCopy,
  },
  {
    name: "a second copy of undici makes the guard's dispatcher the one of everybody",
    twist: (material, guard) => withGlobal(() => copyIn(material).setGlobalDispatcher(guard?.dispatcher as never)),
    moments: ['before the first call', 'after the first call'],
    surfaces: (material) => [
      bare("the copy's fetch", (url) => copyIn(material).fetch(url)),
      bare("Node's fetch", (url) => fetch(url)),
    ],
  },
  {
    name: 'a second copy of undici makes an agent without verification the one of everybody',
    twist: (material) => withGlobal(() => copyIn(material).setGlobalDispatcher(open(material))),
    complaint: (material) => stays(material),
  },
  {
    name: 'somebody writes an agent without verification where undici looks for it',
    twist: (material) =>
      withGlobal(() => {
        for (const symbol of GLOBAL_DISPATCHERS) holder[symbol] = open(material)
      }),
  },
]

let theirs: unknown

/** Whoever has set it: it is what `fetch` of the process uses, and the guard has not put another there. */
function stays(material: Material): string | undefined {
  return copyIn(material).getGlobalDispatcher() === theirs ? undefined : 'the dispatcher of everybody is another one'
}

function open(material: Material) {
  const connect = { rejectUnauthorized: false, checkServerIdentity: () => undefined, lookup: lookupLoopback }
  const agent = new (copyIn(material).Agent)({ connect })
  theirs = agent
  return agent
}

function surfacesOfCopy(material: Material): readonly Surface[] {
  const { fetch, request, RetryAgent, interceptors } = copyIn(material)
  const by = (name: string, dispatcherOf: (guard: Guarded) => unknown): Surface => ({
    name,
    async call(guard, url) {
      const { statusCode, body } = await request(url, { dispatcher: dispatcherOf(guard) as never })
      return { status: statusCode, body: await body.text() }
    },
  })
  return [
    by('its request', ({ dispatcher }) => dispatcher),
    by('its RetryAgent', ({ dispatcher }) => new RetryAgent(dispatcher as never, { maxRetries: 0 })),
    by('its interceptors', ({ dispatcher }) =>
      dispatcher.compose(interceptors.redirect() as never, interceptors.retry({ maxRetries: 0 }) as never),
    ),
    {
      name: 'its fetch',
      async call({ dispatcher }, url) {
        const response = await fetch(url, { dispatcher: dispatcher as never })
        return { status: response.status, body: await response.text() }
      },
    },
  ]
}

function bare(name: string, call: (url: string) => Promise<{ status: number; text(): Promise<string> }>): Surface {
  return {
    name,
    async call(_guard, url) {
      const response = await call(url)
      return { status: response.status, body: await response.text() }
    },
  }
}

function copyIn({ secondUndici }: Material): Copy {
  return require(secondUndici)
}

function withGlobal(set: () => void): () => void {
  const before = GLOBAL_DISPATCHERS.map((symbol) => [symbol, holder[symbol]] as const)
  set()
  return () => {
    for (const [symbol, value] of before) if (symbol in holder) holder[symbol] = value
  }
}
