/**
 * One limit a process: what other code did, and that a call went to a peer whom the policy refuses. Shown here so that
 * SECURITY.md says what is true. Under `--frozen-intrinsics` one of them is none.
 */

import { X509Certificate } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import { createRequire, registerHooks } from 'node:module'
import { parameter, report } from '../../../attacks/child.ts'

export interface Given {
  readonly limit: LimitName
  readonly ca: readonly string[]
  readonly policy: object
  readonly url: string
}

export type LimitName = keyof typeof LIMITS

export interface Report {
  /** By surface, a status or a code. */
  readonly outcomes: readonly (number | string)[]
  /** What a listener was told of the request's headers. */
  readonly overheard: readonly string[]
}

const SECRET = { headers: { authorization: 'Bearer secret' } }

const overheard: string[] = []

const LIMITS = {
  'a method of node:crypto is replaced': () => {
    X509Certificate.prototype.verify = () => true
  },
  'a method of the language is replaced': () => {
    const { includes } = Array.prototype
    // biome-ignore lint/suspicious/noExplicitAny: as its declaration
    Array.prototype.includes = function (this: any[], value: any, from?: number) {
      return this.length > 0 && /^[\w+/]{43}=$/.test(String(value)) ? true : includes.call(this, value, from)
    }
  },
  'the clock is set back': () => {
    const { now } = Date
    Date.now = () => now() - 3_600_000
  },
  'a module of ours is replaced while it is loaded': () => {
    registerHooks({
      load(url, context, nextLoad) {
        const loaded = nextLoad(url, context)
        if (!url.endsWith('/lib/judge.ts')) return loaded
        const source = String(loaded.source).replace("'report' ? 'report' : 'refuse'", "'report' ? 'report' : 'report'")
        return { ...loaded, source }
      },
    })
  },
  'a method of undici is replaced': () => {
    const undici: typeof import('undici') = createRequire(import.meta.url)('undici')
    const open = new undici.Agent({
      connections: 1,
      connect: { rejectUnauthorized: false, lookup: lookupLoopback },
    })
    undici.Pool.prototype.dispatch = (options, handler) => open.dispatch(options, handler)
  },
  'a subscriber is told the headers': () => {
    subscribe('undici:client:sendHeaders', (message) => {
      overheard.push(String((message as { headers: string }).headers))
    })
  },
} satisfies Readonly<Record<string, () => void>>

const { limit, ca, policy, url } = parameter<Given>()
const { lookupLoopback } = await import('../loopback.ts')
const isBefore = limit === 'a module of ours is replaced while it is loaded'
const outcomes: (number | string)[] = []
try {
  if (isBefore) LIMITS[limit]()
  const { createGuard } = await import('../../../../lib/index.ts')
  const { codeOf, SURFACES } = await import('../../../attacks/surfaces.ts')
  const guard = createGuard({ policy, ca, lookup: lookupLoopback, metrics: false })
  if (!isBefore) LIMITS[limit]()
  for (const surface of SURFACES) {
    const outcome = surface.call(guard, url, SECRET).then(
      ({ status }) => status,
      (error) => codeOf(error) ?? String(error),
    )
    outcomes.push(await outcome)
  }
} catch (error) {
  outcomes.push(String(error))
}
report({ outcomes, overheard } satisfies Report)
