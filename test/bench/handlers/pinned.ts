/** The same call by the README's handler; the URL comes with the event. */

import middy from '@middy/core'
import { pinnedFetch } from 'pinned-fetch'
import { type CallAnswer, type CallEvent, timedCall } from './timed-call.ts'

export const handler = middy<CallEvent, CallAnswer>()
  .use(pinnedFetch({ secretId: 'prod/partner-pins' }))
  .handler(async ({ url }, context) => timedCall(async () => await (await context.pinnedFetch(url)).text()))
