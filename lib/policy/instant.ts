/**
 * An instant as a policy writes it: RFC 3339 section 5.6 `date-time`, always with its zone, to milliseconds since the
 * epoch. What `Date.parse` guesses at (a date alone, a missing zone, February 30) is refused, because a date that is
 * read wrongly ends a pin on the wrong day.
 *
 * Not read: leap seconds (`:60`), which no Node clock shows.
 */
import { kindOf, malformed } from './malformed.ts'

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/i

const MS_PER_MINUTE = 60_000

const DAY_MS = 86_400_000

const REPAIR = 'write an RFC 3339 date with its zone, such as "2027-06-30T00:00:00Z"'

/** Milliseconds since the epoch; digits past the millisecond are dropped. */
export function parseInstant(input: unknown, path: string): number {
  if (typeof input !== 'string') throw malformed(path, `is ${kindOf(input)}, not a date in a string`, REPAIR)
  const match = DATE_TIME.exec(input)
  if (match === null) throw malformed(path, 'is not an RFC 3339 date and time with a zone', REPAIR)
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number)
  const local = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second)
  // Date.UTC carries what overflows into the next field; a real date comes back as it was written.
  if (!Number.isFinite(local) || new Date(local).toISOString().slice(0, 19) !== input.slice(0, 19).toUpperCase()) {
    throw malformed(path, 'is a date or time that does not exist', REPAIR)
  }
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3))
  const offsetMinutes = Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0)
  return local + milliseconds + (match[8] === '-' ? offsetMinutes : -offsetMinutes) * MS_PER_MINUTE
}

/** RFC 3339, in UTC, to the second. */
export function formatInstant(instant: number): string {
  return new Date(instant).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** Whole days from `now` until `instant`; negative when it is past. */
export function daysUntil(instant: number, now: number): number {
  return Math.floor((instant - now) / DAY_MS)
}
