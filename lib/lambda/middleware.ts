/**
 * The Middy middleware: a guard in INIT, its three surfaces on every invocation's context.
 *
 * Nothing belongs to one invocation: the surfaces are the guard's, so any number of invocations may run in one process
 * at once (Lambda Managed Instances), and a streamed body may outlive `after`. What the hooks do is watch for freezes:
 * after a pause in which the environment may have slept, no idle connection is used.
 *
 * Knows Middy by its types alone; it is the user's copy that runs.
 */

import type { Agent } from 'node:https'
import type { MiddlewareObj } from '@middy/core'
import type { Context as LambdaContext } from 'aws-lambda'
import type { Dispatcher } from 'undici'
import { assembleGuard, type Guard } from '../guard.ts'
import { FREEZE_PAUSE_MS } from '../net/idle.ts'
import type { GuardOptions } from '../options.ts'

/** What the middleware puts on the handler's context. */
export interface PinnedContext {
  /** The WHATWG `fetch`; every call is judged. */
  readonly pinnedFetch: Guard['fetch']
  /** A `node:https` Agent: for axios, got, Stripe, the AWS SDK's `NodeHttpHandler`. */
  readonly pinnedAgent: Agent
  /** An undici Dispatcher: for `undici.request`, and as `dispatcher` of a `fetch`. */
  readonly pinnedDispatcher: Dispatcher
}

declare module 'aws-lambda' {
  // So that `middy(async (event, context) => context.pinnedFetch(…)).use(pinnedFetch(…))` is typed: Middy can't carry
  // what a later `use` adds back into the handler it was given first.
  interface Context extends PinnedContext {}
}

/**
 * Wraps a handler: `middy(handler).use(pinnedFetch({ secretId: 'prod/partner-pins' }))`.
 *
 * @throws {PinnedFetchError} `ERR_CONFIGURATION` for an unknown option, one of the wrong type, or a contradiction. A
 * missing or malformed secret never throws here: each call then fails with the reason.
 */
export function pinnedFetch(
  options?: GuardOptions,
  // biome-ignore lint/suspicious/noExplicitAny: Middy's own type for a middleware that takes any event and result.
): MiddlewareObj<any, any, Error, LambdaContext & PinnedContext> {
  const guard = assembleGuard(options)
  const madeAt = Date.now()
  let seenAt: number | undefined
  const see = () => {
    seenAt = Date.now()
  }
  return {
    before: function pinnedFetchBefore({ context }) {
      const pause = Date.now() - (seenAt ?? madeAt)
      // A clock that went back says nothing about how long the pause was.
      const slept = pause >= FREEZE_PAUSE_MS || pause < 0
      // Before the first invocation there is only what "preconnect" opened, which has a limit of its own: INIT may be long.
      if (slept && seenAt !== undefined) guard.closeIdle()
      see()
      guard.begin(context.getRemainingTimeInMillis?.(), slept)
      Object.defineProperties(context, surfacesOf(guard))
    },
    after: function pinnedFetchAfter() {
      see()
    },
    onError: function pinnedFetchOnError() {
      see()
    },
  }
}

/** Not enumerable, so that logging or copying a context does not drag connections along. */
function surfacesOf(guard: Guard): PropertyDescriptorMap {
  return {
    pinnedFetch: { get: () => guard.fetch, configurable: true },
    pinnedAgent: { get: () => guard.agent, configurable: true },
    pinnedDispatcher: { get: () => guard.dispatcher, configurable: true },
  }
}
