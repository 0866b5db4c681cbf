/** The same call without pins, by Node's own `fetch`. */

import middy from '@middy/core'
import { type CallEvent, timedCall } from './timed-call.ts'

export const handler = middy(async ({ url }: CallEvent) => timedCall(async () => await (await fetch(url)).text()))
