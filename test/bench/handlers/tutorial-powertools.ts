/** The same with Powertools: parameters for the secret, and metrics. */

import { Metrics } from '@aws-lambda-powertools/metrics'
import { getSecret } from '@aws-lambda-powertools/parameters/secrets'
import middy from '@middy/core'
import { Agent, fetch } from 'undici'
import { type CallEvent, timedCall } from './timed-call.ts'
import { pinCheck } from './tutorial-check.ts'

let pins: ReadonlySet<string> = new Set()
const metrics = new Metrics({ namespace: 'Partner', serviceName: 'bench' })
const dispatcher = new Agent({ connect: { checkServerIdentity: pinCheck(() => pins) } })

export const handler = middy(async ({ url }: CallEvent) => {
  const document = await getSecret('prod/partner-pins', { maxAge: 300, transform: 'json' })
  pins = new Set(Object.values(document as Readonly<Record<string, readonly string[]>>).flat())
  metrics.addMetric('PolicyRefresh', 'Count', 1)
  metrics.publishStoredMetrics()
  return await timedCall(async () => await (await fetch(url, { dispatcher })).text())
})
