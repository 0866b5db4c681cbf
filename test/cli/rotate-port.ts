/**
 * A port for a program that can't tell which one it took: free a moment ago.
 */

import { createServer } from 'node:net'
import { listen } from '../support/listen.ts'

export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}
