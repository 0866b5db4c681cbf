/**
 * What would lock an owner out if one policy took the place of another: calls that pass today would fail, or the guards
 * would refuse the document.
 *
 * It knows documents alone. That a host already serves its next key, only a look at the host can tell.
 */

import { pinListsOf } from './difference.ts'
import { pathOfHost, pathOfKey } from './malformed.ts'
import type { Pin } from './pin.ts'
import type { HostEntry, Policy } from './reading.ts'

export type HazardCode =
  | 'signature-gone'
  | 'serial-falls'
  | 'serial-ends'
  | 'every-pin-replaced'
  | 'host-refused'
  | 'no-pin-can-match'

export interface Hazard {
  readonly code: HazardCode
  /** Into the newer document, in its full form. */
  readonly path: string
  readonly message: string
}

/** The port asked about where a pattern covers all of them. */
const HTTPS_PORT = 443

/** @param now Milliseconds since the epoch: pins that have expired match nothing */
export function hazardsOf(from: Policy, to: Policy, now: number): readonly Hazard[] {
  return [
    ...serialHazard(from, to),
    ...defaultHazard(from, to),
    ...[...from.hosts.entries()].flatMap((entry) => entryHazard(entry, to, now)),
    ...deadLists(from, to, now),
  ]
}

function serialHazard({ serial: last }: Policy, { serial }: Policy): Hazard[] {
  if (serial === Number.MAX_SAFE_INTEGER && last !== serial) {
    const message = `${serial} is the last one that there is: guards that have seen it refuse every other one`
    return [{ code: 'serial-ends', path: 'serial', message }]
  }
  if (last === undefined || (serial !== undefined && serial >= last)) return []
  const fallen = serial === undefined ? 'is gone' : `${serial} is lower than ${last}`
  const message = `${fallen}: guards that have seen ${last} refuse the document and go on with theirs`
  return [{ code: 'serial-falls', path: 'serial', message }]
}

function defaultHazard({ default: before }: Policy, { default: after }: Policy): Hazard[] {
  if (before === 'deny' || after !== 'deny') return []
  const message = `was "${before}": every call to a host that no entry covers is refused`
  return [{ code: 'host-refused', path: 'default', message }]
}

/** What becomes of the hosts that an entry covers. */
function entryHazard(before: HostEntry, to: Policy, now: number): Hazard[] {
  const { pattern } = before
  const path = pathOfHost('hosts', pattern.text)
  const after = coverOf(before, to)
  if (after === undefined) {
    const message = 'is gone, and the default for other hosts is "deny": every call to it is refused'
    return to.default === 'deny' ? [{ code: 'host-refused', path, message }] : []
  }
  const known = new Set(pinListsOf(before).flatMap(([, pins]) => usable(pins, to, now)))
  return pinListsOf(after)
    .filter(([, pins]) => usable(pins, to, now).length > 0 && !usable(pins, to, now).some((pin) => known.has(pin)))
    .map(([list]) => ({
      code: 'every-pin-replaced' as const,
      path: pathOfKey(pathOfHost('hosts', after.pattern.text), list),
      message: 'holds none of the pins of before: what the host serves today is refused',
    }))
}

/** The entry of the newer policy for what an entry of the older one covered. */
function coverOf({ pattern }: HostEntry, to: Policy): HostEntry | undefined {
  const same = [...to.hosts.entries()].find((entry) => entry.pattern.text === pattern.text)
  // For a wildcard: some name below it. `*` is in no host name, so it can't be covered by an entry of its own.
  const name = pattern.kind === 'exact' ? pattern.base : `*.${pattern.base}`
  return same ?? to.hosts.find(name, pattern.port ?? HTTPS_PORT)
}

/** Lists that can't be satisfied any more, except those that could not before. */
function deadLists(from: Policy, to: Policy, now: number): Hazard[] {
  const before = new Set(deadPaths(from, now))
  return deadPaths(to, now)
    .filter((path) => !before.has(path))
    .map((path) => ({
      code: 'no-pin-can-match' as const,
      path,
      message: 'holds only pins that have expired or are in "deny": every call to it is refused',
    }))
}

function deadPaths(policy: Policy, now: number): string[] {
  return [...policy.hosts.entries()].flatMap((entry) =>
    pinListsOf(entry)
      .filter(([, pins]) => usable(pins, policy, now).length === 0)
      .map(([list]) => pathOfKey(pathOfHost('hosts', entry.pattern.text), list)),
  )
}

function usable(pins: readonly Pin[], { deny }: Policy, now: number): string[] {
  return pins
    .filter(({ sha256, expires }) => !deny.has(sha256) && (expires === undefined || now < expires))
    .map(({ sha256 }) => sha256)
}
