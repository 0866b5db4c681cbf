/** Checked by tsc alone: what a handler's author sees of the context, in each form in which Middy takes a handler. */

import type { Agent } from 'node:https'
import middy, { type MiddyfiedHandler } from '@middy/core'
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse'
import type { Context } from 'aws-lambda'
import { type PinnedContext, pinnedFetch } from 'pinned-fetch'
import type { Dispatcher } from 'undici'

interface Event {
  readonly url: string
}

const guard = pinnedFetch({ secretId: 'prod/partner-pins' })

/** The form of the README: the handler comes first. Its context is the one of `aws-lambda`, which has the surfaces. */
export const handlerFirst = middy(async (event: Event, context: Context): Promise<number> => {
  const response: Response = await context.pinnedFetch(event.url, { method: 'POST', body: 'a body' })
  const agent: Agent = context.pinnedAgent
  const dispatcher: Dispatcher = context.pinnedDispatcher
  // @ts-expect-error no such surface
  context.pinnedfetch(event.url)
  // @ts-expect-error the surfaces are the guard's
  context.pinnedAgent = agent
  dispatcher.on('connect', () => {})
  return response.status
}).use(guard)

/** Middy's other form: the types come by `use`, and none is written. */
export const handlerLast = middy<Event, number>()
  .use(guard)
  .handler(async (event, context) => {
    const response: Response = await context.pinnedFetch(event.url)
    const agent: Agent = context.pinnedAgent
    const dispatcher: Dispatcher = context.pinnedDispatcher
    // @ts-expect-error no such surface
    context.pinnedAgents.destroy()
    // @ts-expect-error the surfaces are the guard's
    context.pinnedDispatcher = dispatcher
    agent.on('free', () => {})
    const id: string = context.awsRequestId
    return response.status + id.length
  })

/**
 * Without annotations the first form has no types in Middy itself: its parameter types are a union that gives none. When
 * this line is an error no more, the README's handler needs no annotations either.
 */
// @ts-expect-error implicitly `any`
export const unannotated = middy(async (event, context) => [event, context]).use(guard)

export const streaming = middy<Event>({ executionMode: executionModeStreamifyResponse })
  .use(guard)
  .handler(async ({ url }, context) => (await context.pinnedFetch(url)).body)

/** Together with other middlewares, in a list, and twice. */
const timer = {
  before: ({ context }: { readonly context: Context & { startedAt?: number } }) => {
    context.startedAt = Date.now()
  },
}
export const among = middy<Event, number>()
  .use([timer, guard])
  .use(pinnedFetch({ source: { name: 'file', load: async () => ({ document: {} }) } }))
  .handler(async ({ url }, context) => (await context.pinnedFetch(url)).status)

/** What the wrapped handler is called with in a unit test of its author. */
export const wrapped: MiddyfiedHandler<Event, number, Error, Context & PinnedContext> = handlerLast

/** A function that is given a surface says so by the type of the context. */
export async function quotes({ pinnedFetch }: Pick<PinnedContext, 'pinnedFetch'>): Promise<unknown> {
  return await (await pinnedFetch('https://api.partner.example/v1/quotes')).json()
}
export const delegating = middy(async (_event: Event, context: Context) => await quotes(context)).use(guard)
