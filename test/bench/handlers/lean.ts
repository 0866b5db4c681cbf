/** The lean configuration: the agent, and the pins from the extension. Neither undici nor the SDK. */

import { type Agent, get } from 'node:https'
import middy from '@middy/core'
import { extensionSource, pinnedFetch } from 'pinned-fetch'
import { type CallAnswer, type CallEvent, timedCall } from './timed-call.ts'

export const handler = middy<CallEvent, CallAnswer>()
  .use(pinnedFetch({ source: extensionSource({ secretId: 'prod/partner-pins' }) }))
  .handler(async ({ url }, { pinnedAgent: agent }) => timedCall(() => text(url, agent)))

function text(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        body += chunk
      })
      response.once('end', () => resolve(body))
    }).once('error', reject)
  })
}
