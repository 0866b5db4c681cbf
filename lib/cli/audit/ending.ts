/**
 * All that ends: certificates, pins and entries, in the order of their ends. The timelines and their tables are made of it.
 */

import { daysUntil } from '../../policy/instant.ts'
import { days, placeOf } from '../../watch/finding.ts'
import type { HostCheck } from '../../watch/host-check.ts'

export interface Ending {
  /** `host:port`. */
  readonly place: string
  readonly kind: 'certificate' | 'pin' | 'entry'
  /** Like `leaf CN=api.partner.example`. */
  readonly label: string
  /** ISO 8601. */
  readonly at: string
  /** Negative: it has ended. */
  readonly daysLeft: number
}

/** @param now milliseconds since the epoch */
export function endingsOf(check: HostCheck, now: number): readonly Ending[] {
  const place = placeOf(check)
  const certificates = check.path.map(({ role, subject, notAfter, daysLeft }) => ({
    place,
    kind: 'certificate' as const,
    label: `${role}: ${shortName(subject)}`,
    at: notAfter,
    daysLeft,
  }))
  const pins = check.pins.flatMap(({ pin, name, expires, daysLeft }) =>
    expires === undefined || daysLeft === undefined
      ? []
      : [{ place, kind: 'pin' as const, label: `pin: ${name ?? shortPin(pin)}`, at: expires, daysLeft }],
  )
  const { expires } = check
  const entry: readonly Ending[] =
    expires === undefined
      ? []
      : [{ place, kind: 'entry', label: 'the entry', at: expires, daysLeft: daysUntil(Date.parse(expires), now) }]
  return [...certificates, ...pins, ...entry].sort((left, right) => left.daysLeft - right.daysLeft)
}

/** The common name of a subject, else its organisation, else all of it. */
export function shortName(subject: string): string {
  const named =
    /(?:^|, )CN=(.*?)(?=, [A-Za-z0-9.]+=|$)/.exec(subject) ?? /(?:^|, )O=(.*?)(?=, [A-Za-z0-9.]+=|$)/.exec(subject)
  return named?.[1] ?? subject
}

/** Enough of a pin to find it in a list. */
export function shortPin(pin: string): string {
  return `${pin.slice(0, 'sha256/'.length + 8)}…`
}

/** `12 days`, `5 years`, `ended 2 days ago`. */
export function remaining(daysLeft: number): string {
  if (daysLeft < 0) return `ended ${days(-daysLeft)} ago`
  return daysLeft > 2 * 365 ? `${Math.floor(daysLeft / 365)} years` : days(daysLeft)
}
