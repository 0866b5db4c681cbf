/**
 * The process in which one example runs. Every host name is on this machine here, where the partner's server is; apart
 * from that nothing is arranged. An example that exports a handler is invoked once, as Lambda would.
 *
 * Argument: the example's file. Sends what became of it to the parent, and ends.
 */

import dns from 'node:dns'
import { pathToFileURL } from 'node:url'
import { findPinnedFetchError } from '../../lib/index.ts'

export interface Played {
  /** What the handler answered, as JSON; nothing for an example without one. */
  readonly answer?: unknown
  /** The message of our error, where the example ended with one. */
  readonly refusal?: string
  /** Any other error it ended with. */
  readonly failure?: string
}

const toLoopback: typeof dns.lookup = Object.assign(
  (_host: string, options: { all?: boolean }, found: (error: null, ...addresses: unknown[]) => void) =>
    options.all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4),
  { __promisify__: dns.lookup.__promisify__ },
) as typeof dns.lookup
dns.lookup = toLoopback

process.send?.(await play(process.argv[2] ?? ''), () => process.exit())

async function play(file: string): Promise<Played> {
  try {
    const { handler } = await import(pathToFileURL(file).href)
    if (handler === undefined) return {}
    return { answer: await handler({}, { getRemainingTimeInMillis: () => 30_000 }) }
  } catch (error) {
    const ours = findPinnedFetchError(error)
    return ours === undefined ? { failure: String((error as Error).stack) } : { refusal: ours.message }
  }
}
