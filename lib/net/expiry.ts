/**
 * How long a host's pins and certificates last, as the metrics say it: one meaning for the guard and for the probe.
 */

import { daysUntil } from '../policy/instant.ts'
import type { HostEntry } from '../policy/reading.ts'
import type { VerifiedPaths } from '../x509/path.ts'

/** Until the last of the verified paths ends. */
export function daysToCertificateExpiry({ paths }: VerifiedPaths, now: number): number {
  return daysUntil(Math.max(...paths.map(({ validUntil }) => validUntil)), now)
}

/**
 * Until the entry stops accepting anything: by its own date, or by the last date of its pins if every pin has one.
 * Unset: it never does.
 */
export function daysToPinExpiry(
  { pins, leafPins, issuerPins, expires = Number.POSITIVE_INFINITY }: HostEntry,
  now: number,
): number | undefined {
  const lists = [pins, leafPins, issuerPins].filter((list) => list !== undefined)
  const ends = lists.map((list) => Math.max(...list.map((pin) => pin.expires ?? Number.POSITIVE_INFINITY)))
  const end = Math.min(expires, ...ends)
  return Number.isFinite(end) ? daysUntil(end, now) : undefined
}
