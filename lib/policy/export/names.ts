/**
 * How a target names hosts, and what happens where two entries would have one name.
 */

import type { HostEntry } from '../document.ts'
import type { Answer } from './keys.ts'
import { type Capabilities, type Note, other, type Site, weaker } from './site.ts'

/** One host that is called. */
export interface Place {
  /** Canonical. */
  readonly host: string
  readonly port: number
}

type Name = Pick<Site, 'name' | 'kind' | 'port'>

/** The hosts that something covers, whatever the port. */
type Reach = Pick<Site, 'name' | 'kind'>

const IPV4 = /^\d+\.\d+\.\d+\.\d+$/

const HTTPS_PORT = 443

export function nameFor(
  { pattern }: HostEntry,
  place: Place | undefined,
  path: string,
  can: Capabilities,
): Answer<Name> {
  const kind = place === undefined ? pattern.kind : 'exact'
  const name = place?.host ?? pattern.base
  const address = name.includes(':') ? 'ipv6' : IPV4.test(name) ? 'ipv4' : undefined
  if (address !== undefined && can.addresses !== 'all' && can.addresses !== address) {
    return { notes: [weaker(path, "is left out: this address can't be named there")] }
  }
  if (kind !== 'exact' && can.wildcards === 'none') {
    return { notes: [weaker(path, "is left out: wildcards can't be named there; name the hosts with --host")] }
  }
  const port = can.hasPorts ? (place?.port ?? pattern.port ?? HTTPS_PORT) : undefined
  return {
    found: { name, kind, port },
    notes: [...wildcardNotes(kind, name, path, can), ...portNotes(pattern.port, place, path, can)],
  }
}

function wildcardNotes(kind: Site['kind'], name: string, path: string, { wildcards }: Capabilities): Note[] {
  if (kind === 'one-label' && wildcards === 'all-below') {
    return [other(path, `covers "${name}" itself as well there, and every depth below it`)]
  }
  if (wildcards !== 'one-below') return []
  return kind === 'one-label'
    ? [other(path, `covers "${name}" itself as well there`)]
    : kind === 'any-depth'
      ? [weaker(path, `covers "${name}" and one label more there: deeper names are open`)]
      : []
}

function portNotes(
  port: number | undefined,
  place: Place | undefined,
  path: string,
  { hasPorts }: Capabilities,
): Note[] {
  if (!hasPorts) return port === undefined ? [] : [other(path, 'holds for every port there')]
  return port === undefined && place === undefined
    ? [other(path, `is said for port ${HTTPS_PORT}; name others with --host <host>:<port>`)]
    : []
}

/** Where several sites have one name there. */
export function settleNames(
  sites: readonly Site[],
  can: Capabilities,
): { readonly sites: readonly Site[]; readonly notes: readonly Note[] } {
  const kept = new Map<string, Site>()
  const notes: Note[] = []
  for (const site of sites) {
    const key = keyOf(site, can)
    const former = kept.get(key)
    if (former === undefined) kept.set(key, site)
    else if (demandOf(former) === demandOf(site)) kept.set(key, { ...former, kind: broader(former, site).kind })
    else
      notes.push(weaker(site.path, `is left out: ${former.path} has the same name there, and asks for something else`))
  }
  return { sites: [...kept.values()], notes }
}

/** What must differ between two things written there. */
function keyOf({ name, kind, port }: Site, { wildcards }: Capabilities): string {
  return wildcards === 'patterns' ? `${kind} ${name}` : `${name} ${port ?? ''}`
}

/** Whether some host of the second is one of the first, which is a wildcard. */
export function covers({ kind, name }: Reach, { name: inner, kind: innerKind }: Reach): boolean {
  const isBelow = inner.endsWith(`.${name}`)
  if (kind === 'any-depth') return isBelow || inner === name
  if (kind === 'exact') return false
  return innerKind === 'exact' && isBelow && !inner.slice(0, -(name.length + 1)).includes('.')
}

function broader(left: Site, right: Site): Site {
  const rank = { exact: 0, 'one-label': 1, 'any-depth': 2 } as const
  return rank[left.kind] >= rank[right.kind] ? left : right
}

/** Everything that is asked for, as text to compare. */
function demandOf({ pins, leafPins, issuerPins, isEnforced, until, anchors }: Site): string {
  return JSON.stringify([[...pins].sort(), [...leafPins].sort(), [...issuerPins].sort(), isEnforced, until, anchors])
}
