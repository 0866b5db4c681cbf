/** The same call without pins, by the fetch of undici. */

import middy from '@middy/core'
import { Agent, fetch } from 'undici'
import { type CallEvent, timedCall } from './timed-call.ts'

const dispatcher = new Agent()

export const handler = middy(async ({ url }: CallEvent) =>
  timedCall(async () => await (await fetch(url, { dispatcher })).text()),
)
