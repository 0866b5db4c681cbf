/**
 * Where one entry takes the place of another for the same hosts: entries are never merged, so the broader one's pins
 * no longer count for what the narrower one covers. hazard.ts looks at entries that stay or go, this at those that come.
 */

import { pinListsOf } from './difference.ts'
import type { Hazard } from './hazard.ts'
import { pathOfHost, pathOfKey } from './malformed.ts'
import type { HostEntry, Policy } from './reading.ts'

/** The port asked about where a pattern covers all of them. */
const HTTPS_PORT = 443

/** What new entries take from entries of before, to their harm. */
export function takeoversOf(from: Policy, to: Policy): readonly Hazard[] {
  const known = new Set([...from.hosts.entries()].map(({ pattern }) => pattern.text))
  return [...to.hosts.entries()]
    .filter(({ pattern }) => !known.has(pattern.text))
    .flatMap((entry) => takeover(entry, from))
}

function takeover(entry: HostEntry, from: Policy): Hazard[] {
  const { pattern } = entry
  const path = pathOfHost('hosts', pattern.text)
  // For a wildcard: some name below it. `*` is in no host name, so no entry of its own covers it.
  const name = pattern.kind === 'exact' ? pattern.base : `*.${pattern.base}`
  const former = from.hosts.find(name, pattern.port ?? HTTPS_PORT)
  if (former === undefined) return []
  const place = `"${former.pattern.text}" covers it today`
  const pins = new Set(pinListsOf(former).flatMap(([, list]) => list.map(({ sha256 }) => sha256)))
  const strange = pinListsOf(entry).filter(([, list]) => !list.some(({ sha256 }) => pins.has(sha256)))
  const anchors = former.anchors !== undefined && entry.anchors === undefined
  return [
    ...strange.map(([list]) => ({
      code: 'every-pin-replaced' as const,
      path: pathOfKey(path, list),
      message: `holds none of the pins of before: ${place}, and what the host serves today is refused`,
    })),
    ...(anchors
      ? [{ code: 'host-refused' as const, path, message: `has no anchors: ${place}, with roots of its own` }]
      : []),
  ]
}
