/** A Middy handler that does nothing: what a function costs before anything is added. */

import middy from '@middy/core'

export const handler = middy(async () => ({ statusCode: 200 }))
