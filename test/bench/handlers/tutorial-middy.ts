/** What a team builds by itself: Middy's middleware for the secret, and the tutorials' pin check in an Agent of undici. */

import middy from '@middy/core'
import secretsManager from '@middy/secrets-manager'
import { Agent, fetch } from 'undici'
import { type CallEvent, timedCall } from './timed-call.ts'
import { pinCheck } from './tutorial-check.ts'

let pins: ReadonlySet<string> = new Set()
const dispatcher = new Agent({ connect: { checkServerIdentity: pinCheck(() => pins) } })

export const handler = middy<CallEvent>()
  .use(secretsManager({ fetchData: { document: 'prod/partner-pins' }, setToContext: true }))
  .handler(async ({ url }: CallEvent, context) => {
    const { document } = context as unknown as { readonly document: Readonly<Record<string, readonly string[]>> }
    pins = new Set(Object.values(document).flat())
    return await timedCall(async () => await (await fetch(url, { dispatcher })).text())
  })
