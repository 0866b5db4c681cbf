/** The same call without pins, by Node's own `fetch`. */

import middy from '@middy/core'

export const handler = middy(async (event: { readonly url: string }) => {
  const response = await fetch(event.url)
  return { statusCode: 200, body: await response.text() }
})
