/**
 * Row 24, in a process where TLS verification is off: every surface calls every URL, and so does a plain `https.get`.
 * `NODE_TLS_REJECT_UNAUTHORIZED` comes with the process, or is set once the guard is there.
 */

import { get } from 'node:https'
import { parameter, report } from '../child.ts'
import { codeOf, lookupLoopback, SURFACES, watchedGuard } from '../surfaces.ts'

export interface Given {
  readonly ca: string
  readonly policy: unknown
  readonly urls: readonly string[]
  readonly isSetLate: boolean
}

export interface Report {
  /** By URL: what a plain `https.get` got, and what the surfaces did. */
  readonly outcomes: Readonly<Record<string, { readonly unguarded: unknown; readonly guarded: readonly unknown[] }>>
  /** Codes of the events of each kind. */
  readonly warnings: readonly string[]
  readonly tlsFailures: readonly string[]
}

const { ca, policy, urls, isSetLate } = parameter<Given>()
const { guard, events } = watchedGuard({ policy, ca })
if (isSetLate) process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'

const outcomes: Record<string, Report['outcomes'][string]> = {}
for (const url of urls) {
  const unguarded = await new Promise((resolve) => {
    get(url, { lookup: lookupLoopback, agent: false }, (incoming) => resolve(incoming.resume().statusCode)).on(
      'error',
      (error) => resolve(codeOf(error)),
    )
  })
  const guarded: unknown[] = []
  for (const surface of SURFACES) {
    guarded.push(await surface.call(guard, url).then(({ status }) => status, codeOf))
  }
  outcomes[url] = { unguarded, guarded }
}
report({
  outcomes,
  warnings: events.filter((event) => event.type === 'warning').map(({ code }) => code),
  tlsFailures: events.filter((event) => event.type === 'tls-failure').map(({ code }) => code),
} satisfies Report)
