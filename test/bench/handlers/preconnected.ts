/** The same with a connection that is opened, and judged, while the environment starts. */

import middy from '@middy/core'
import { pinnedFetch } from 'pinned-fetch'
import { type CallAnswer, type CallEvent, timedCall } from './timed-call.ts'

export const handler = middy<CallEvent, CallAnswer>()
  .use(pinnedFetch({ secretId: 'prod/partner-pins', preconnect: [process.env['BENCH_PLACE'] ?? ''] }))
  .handler(async ({ url }, context) => timedCall(async () => await (await context.pinnedFetch(url)).text()))
