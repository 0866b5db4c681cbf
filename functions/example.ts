/**
 * The handler of the README, deployed by `infra/`: it calls a partner's API through a fetch that is pinned by a secret.
 *
 * An event chooses the path and how many calls are made at once, never the host. Environment: `PINNED_FETCH_SECRET_ID`, the
 * secret with the pins; `PARTNER_URL`, the API; `PIN_CACHE_EXPIRY_MS`, how long loaded pins are fresh (unset: 5 min).
 */

import middy from '@middy/core'
import { pinnedFetch } from 'pinned-fetch'
import { type CallResult, callPartner } from './partner-call.ts'
import { partnerUrl } from './partner-url.ts'

export interface ExampleEvent {
  /** Appended to `PARTNER_URL`; starts with `/`. Unset: the URL as it is. */
  readonly path?: string
  /** Calls made at the same time, 1 to 50. Unset: 1. */
  readonly calls?: number
}

export interface ExampleResult {
  readonly results: readonly CallResult[]
}

const CALLS_MAX = 50

export const handler = middy<ExampleEvent, ExampleResult>()
  .use(pinnedFetch(cacheExpiry()))
  .handler(async ({ path, calls = 1 }, context) => {
    if (!Number.isInteger(calls) || calls < 1 || calls > CALLS_MAX) {
      throw new RangeError(`Cannot make ${calls} calls: "calls" is a whole number from 1 to ${CALLS_MAX}`)
    }
    const url = partnerUrl(setting('PARTNER_URL'), path)
    const results = Array.from({ length: calls }, () => callPartner(context.pinnedFetch, url))
    return { results: await Promise.all(results) }
  })

/** What is no number is refused by `pinnedFetch`, so that a slip is seen at the first deployment. */
function cacheExpiry(): { cacheExpiry?: number } {
  const milliseconds = process.env['PIN_CACHE_EXPIRY_MS']
  return milliseconds ? { cacheExpiry: Number(milliseconds) } : {}
}

function setting(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`)
  return value
}
