/**
 * What the function would have done without pins: an ordinary HTTPS call that trusts the same CAs. It shows that the
 * attacker's certificate is a good one and that the recording counts.
 */

import { request } from 'node:https'

/** Tells the status of the answer. */
export function callUnpinned(url: string, trusted: readonly string[]): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ca: [...trusted], agent: false }, (incoming) => {
      incoming.resume()
      incoming.once('end', () => resolve(incoming.statusCode))
    })
    outgoing.once('error', reject)
    outgoing.end()
  })
}
