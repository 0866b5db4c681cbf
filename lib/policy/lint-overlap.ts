/**
 * What entries of one policy do to each other: the most specific entry speaks alone, and that can surprise.
 *
 * Two canonical patterns are never the same (document.ts refuses that), and a wildcard covers more names than any list of
 * entries below it. So no entry is hidden wholly; what is found is an entry for one port that loses to a more specific
 * one for all ports, and an entry that changes nothing.
 */

import type { HostPattern } from './host.ts'
import type { Pin } from './pin.ts'
import type { HostEntry } from './reading.ts'

export interface Overlap {
  readonly kind: 'shadowed' | 'redundant'
  /** The entry to look at. */
  readonly pattern: string
  readonly message: string
}

/** Entries by their pattern without its port, then by port; `undefined`: all other ports. */
type Index = ReadonlyMap<string, ReadonlyMap<number | undefined, HostEntry>>

export function overlapsOf(entries: readonly HostEntry[]): readonly Overlap[] {
  const index = indexOf(entries)
  return entries.flatMap((entry) => [...shadows(entry, index), ...redundancy(entry, index)])
}

/** Entries for one port of a broader pattern, which this one for all ports takes names from. */
function shadows({ pattern }: HostEntry, index: Index): Overlap[] {
  if (pattern.port !== undefined) return []
  const own = index.get(pattern.text)
  return broaderThan(pattern).flatMap((name) =>
    [...(index.get(name) ?? [])].flatMap(([port, broader]): Overlap[] => {
      if (port === undefined || own?.has(port)) return []
      const message = `does not hold for "${pattern.text}" on port ${port}: that entry is more specific, and for every port`
      return [{ kind: 'shadowed', pattern: broader.pattern.text, message }]
    }),
  )
}

/** The entry would be covered by another that asks for the same. */
function redundancy(entry: HostEntry, index: Index): Overlap[] {
  const { kind, port, base } = entry.pattern
  const name = nameOf(entry.pattern)
  // Without it, `**.x` would leave x itself to `*.` of its parent, and the names below to another entry.
  if (kind === 'any-depth' && index.has(`*.${parentOf(base)}`)) return []
  const broader = broaderThan(entry.pattern)
  const next = port === undefined ? nextForAllPorts(broader, index) : nextForPort(name, broader, port, index)
  if (next === undefined || demandOf(next) !== demandOf(entry)) return []
  const message = `asks for the same as "${next.pattern.text}", which covers it anyway`
  return [{ kind: 'redundant', pattern: entry.pattern.text, message }]
}

/** A broader entry for one port decides for that port alone; where there is one, nothing is said. */
function nextForAllPorts(broader: readonly string[], index: Index): HostEntry | undefined {
  const ports = broader.map((name) => index.get(name)).find((found) => found !== undefined)
  return ports?.size === 1 ? ports.get(undefined) : undefined
}

function nextForPort(name: string, broader: readonly string[], port: number, index: Index): HostEntry | undefined {
  const candidates = broader.map((other) => index.get(other)?.get(port) ?? index.get(other)?.get(undefined))
  return [index.get(name)?.get(undefined), ...candidates].find((found) => found !== undefined)
}

function indexOf(entries: readonly HostEntry[]): Index {
  const index = new Map<string, Map<number | undefined, HostEntry>>()
  for (const entry of entries) {
    const name = nameOf(entry.pattern)
    const ports = index.get(name) ?? new Map<number | undefined, HostEntry>()
    ports.set(entry.pattern.port, entry)
    index.set(name, ports)
  }
  return index
}

/** The pattern without its port. */
function nameOf({ text, port }: HostPattern): string {
  return port === undefined ? text : text.slice(0, -`:${port}`.length)
}

/** The patterns, without ports, that would cover its hosts if it were not there, the most specific first. */
function broaderThan({ kind, base }: HostPattern): string[] {
  const names = kind === 'exact' ? [`*.${parentOf(base)}`] : []
  for (let name = kind === 'any-depth' ? parentOf(base) : base; name !== ''; name = parentOf(name)) {
    names.push(`**.${name}`)
  }
  return names
}

function parentOf(name: string): string {
  const dot = name.indexOf('.')
  return dot === -1 ? '' : name.slice(dot + 1)
}

/** Everything an entry asks for, as text to compare. */
function demandOf({ pattern: _pattern, pins, leafPins, issuerPins, ...rest }: HostEntry): string {
  const keys = (list: readonly Pin[] | undefined) =>
    list?.map(({ sha256, expires }) => `${sha256} ${expires ?? ''}`).sort()
  const settings = Object.entries(rest).sort(([left], [right]) => (left < right ? -1 : 1))
  return JSON.stringify([keys(pins), keys(leafPins), keys(issuerPins), settings])
}
