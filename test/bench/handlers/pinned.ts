/** The same call by the README's handler; the URL comes with the event. */

import middy from '@middy/core'
import { pinnedFetch } from 'pinned-fetch'

export const handler = middy<{ readonly url: string }>()
  .use(pinnedFetch({ secretId: 'prod/partner-pins', metrics: false }))
  .handler(async ({ url }, context) => {
    const response = await context.pinnedFetch(url)
    return { statusCode: 200, body: await response.text() }
  })
