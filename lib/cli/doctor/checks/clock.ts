/**
 * Does this machine know what time it is? A wrong clock makes good certificates expire, and AWS refuse to be asked.
 */

import { formatInstant } from '../../../policy/instant.ts'
import { type Check, fail, ok, skip, warn } from '../finding.ts'

/** AWS refuses requests that are off by more, ms. */
const TOLERANCE_MS = 5 * 60_000

export const checkClock: Check = ({ chain, hostClock, now }) => {
  const todo = 'compare it with a time server (chronyc tracking, timedatectl), and set it'
  if (hostClock.isKnown) {
    const { date, aheadMs, isOursWrong } = hostClock
    const text = `here it is ${formatInstant(now)}, at the host ${formatInstant(date)}`
    if (isOursWrong) return fail(`${text}, when its certificates are valid: this clock is wrong`, todo)
    if (Math.abs(aheadMs) > TOLERANCE_MS) return warn(`${text}: one of the clocks is wrong`, todo)
    return ok(`${Math.round(Math.abs(aheadMs) / 1000)} s apart from the host’s`)
  }
  const leaf = chain?.certificates[0]
  if (leaf !== undefined && now < leaf.notBefore) {
    const text = `here it is ${formatInstant(now)}, and the certificate begins at ${formatInstant(leaf.notBefore)}`
    return warn(`${text}: this clock may be slow`, todo)
  }
  return skip(hostClock.reason)
}
