/**
 * When something ends, as it is typed on the command line.
 */

import { parseInstant } from '../policy/instant.ts'
import { CommandError, EXIT } from './failure.ts'

const DAY_MS = 86_400_000

/**
 * `90d` from now, or an instant with a zone.
 *
 * @returns Milliseconds since the epoch
 * @throws {CommandError} when it is neither, or past
 */
export function parseEnd(option: string, text: string, now: number): number {
  const days = /^(\d{1,5})d$/.exec(text)?.[1]
  const end = days === undefined ? instantOf(option, text) : now + Number(days) * DAY_MS
  if (end > now) return end
  throw new CommandError(`${option} ${text} is past`, 'give a later time', { exitCode: EXIT.usage })
}

function instantOf(option: string, text: string): number {
  try {
    return parseInstant(text, option)
  } catch (cause) {
    const hint = 'write a number of days, like 90d, or an instant, like 2027-06-30T00:00:00Z'
    throw new CommandError(`${option} ${text} is no time`, hint, { exitCode: EXIT.usage, cause })
  }
}
