/**
 * When something ends, as it is typed on the command line.
 */

import { parseInstant } from '../policy/instant.ts'
import { CommandError, EXIT } from './failure.ts'

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * `90d`, `2h` or `30m` from now, or an instant with a zone.
 *
 * @returns Milliseconds since the epoch
 * @throws {CommandError} when it is neither, or past
 */
export function parseEnd(option: string, text: string, now: number): number {
  const [, count, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  const end = count === undefined ? instantOf(option, text, END_HINT) : now + Number(count) * (UNITS_MS[unit] ?? 0)
  if (end > now) return end
  throw new CommandError(`${option} ${text} is past`, 'give a later time', { exitCode: EXIT.usage })
}

const END_HINT = 'write a number of days, hours or minutes, like 90d or 2h, or an instant, like 2027-06-30T00:00:00Z'

/** An instant with a zone. @throws {CommandError} when it is none */
export function parseMoment(option: string, text: string): number {
  return instantOf(option, text, 'write an instant with a zone, like 2026-03-01T00:00:00Z')
}

function instantOf(option: string, text: string, hint: string): number {
  try {
    return parseInstant(text, option)
  } catch (cause) {
    throw new CommandError(`${option} ${text} is no time`, hint, { exitCode: EXIT.usage, cause })
  }
}
