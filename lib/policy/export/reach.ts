/**
 * Whether a target uses, for each host, an entry that is as strict as the one that the policy uses. Targets rank their
 * names in ways of their own, and know no ports, so another entry may count there.
 *
 * Hosts without end fall into few kinds: the names of the entries, and those one and two labels below them, on each port
 * that an entry names and on one that none does. One host of each kind is asked about.
 */

import type { Policy } from '../document.ts'
import { pathOfHost } from '../malformed.ts'
import { type Capabilities, type Note, type Site, weaker } from './site.ts'

const HTTPS_PORT = 443

/** @param planned what each entry asks for @param written what of it the target is told */
export function reachNotes(
  policy: Policy,
  planned: readonly Site[],
  written: readonly Site[],
  { overlap }: Capabilities,
): readonly Note[] {
  // One command line, or one cluster, for each host: nothing overlaps.
  if (overlap === 'none') return []
  const demands = new Map(planned.map((site) => [site.path, site]))
  const notes = new Map<string, Note>()
  for (const host of hostsOf(policy)) {
    const rivals = rivalsFor(host, written, overlap)
    for (const port of portsOf(policy)) {
      const entry = policy.hosts.find(host, port)
      const demand = entry && demands.get(pathOfHost('hosts', entry.pattern.text))
      // What is left out has been told.
      if (demand === undefined) continue
      for (const rival of rivals.filter((site) => isLooser(site, demand))) {
        const message = `${rival.path} counts there for some of its hosts, such as "${host}", and asks for less or else`
        notes.set(`${demand.path} ${rival.path}`, weaker(demand.path, message))
      }
      if (rivals.length === 0)
        notes.set(demand.path, weaker(demand.path, `is open there for some hosts, such as "${host}"`))
    }
  }
  return [...notes.values()]
}

/** A host of each kind. `*` is in no host name, so it stands for a label that no entry names. */
function hostsOf({ hosts }: Policy): readonly string[] {
  const names = [...hosts.entries()].flatMap(({ pattern: { base } }) =>
    isAddress(base) ? [base] : [base, `*.${base}`, `*.*.${base}`],
  )
  return [...new Set(names)]
}

function portsOf({ hosts }: Policy): readonly number[] {
  const named = new Set([...hosts.entries()].flatMap(({ pattern: { port } }) => (port === undefined ? [] : [port])))
  let free = HTTPS_PORT
  while (named.has(free)) free++
  return [...named, free]
}

/** What the target may use for a host: one, or several where all count or nobody knows which. */
function rivalsFor(host: string, sites: readonly Site[], overlap: Capabilities['overlap']): readonly Site[] {
  const isBelow = ({ name }: Site) => host.endsWith(`.${name}`)
  const isNext = ({ name }: Site) => host.slice(host.indexOf('.') + 1) === name
  const isNamed = ({ name }: Site) => name === host
  const isWide = ({ kind }: Site) => kind !== 'exact'
  switch (overlap) {
    case 'all-together':
      return sites.filter((site) => {
        if (site.kind === 'one-label') return isNext(site)
        return isNamed(site) || (site.kind === 'any-depth' && isBelow(site))
      })
    case 'unknown':
      return sites.filter((site) => isNamed(site) || (isWide(site) && isNext(site)))
    case 'exact-first': {
      const named = sites.filter(isNamed)
      return named.length > 0 ? named : sites.filter((site) => isWide(site) && isBelow(site))
    }
    default: {
      const found = sites.filter((site) => isNamed(site) || (isWide(site) && isBelow(site)))
      const longest = Math.max(...found.map(({ name }) => name.length))
      return found.filter(({ name }) => name.length === longest)
    }
  }
}

/** Whether the first accepts a key that the second does not, or asks for less, or ends earlier. */
function isLooser(rival: Site, demand: Site): boolean {
  // Report mode blocks nothing, so nothing is weaker.
  if (!demand.isEnforced) return false
  const keepsList = (list: 'pins' | 'leafPins' | 'issuerPins') =>
    demand[list].length === 0 || (rival[list].length > 0 && rival[list].every((pin) => demand[list].includes(pin)))
  const keepsAll = keepsList('pins') && keepsList('leafPins') && keepsList('issuerPins')
  const endsEarlier = (rival.until ?? Number.POSITIVE_INFINITY) < (demand.until ?? Number.POSITIVE_INFINITY)
  return !keepsAll || !rival.isEnforced || endsEarlier
}

function isAddress(host: string): boolean {
  return host.includes(':') || /^[\d.]+$/.test(host)
}
