/**
 * From a policy to what a target can say of it. What it can't say is a note: nothing gets lost without a word.
 *
 * A target that can't say that a host is refused leaves it open, so an entry that is left out is a weakening, except in
 * report mode, where the policy lets calls through as well.
 */

import type { HostEntry, Policy } from '../document.ts'
import { pathOfHost, pathOfKey } from '../malformed.ts'
import { formatPin, type Pin } from '../pin.ts'
import { keysFor, type PinRole } from './keys.ts'
import { covers, nameFor, type Place, settleNames } from './names.ts'
import { reachNotes } from './reach.ts'
import { type Capabilities, type Note, other, type Site, weaker } from './site.ts'

export interface PlanOptions {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Only these hosts, each by the entry that covers it; unset: every entry. */
  readonly hosts?: readonly Place[] | undefined
  /** What the keys in `pins` are, for a target that has to know; unset: nothing is assumed. */
  readonly pinsAs?: PinRole | undefined
}

export interface Plan {
  readonly sites: readonly Site[]
  readonly notes: readonly Note[]
}

export function planExport(policy: Policy, can: Capabilities, options: PlanOptions): Plan {
  const { hosts } = options
  const chosen: (readonly [HostEntry, Place | undefined])[] =
    hosts === undefined
      ? [...policy.hosts.entries()].map((entry) => [entry, undefined])
      : hosts.flatMap((place) => {
          const entry = policy.hosts.find(place.host, place.port)
          return entry === undefined ? [] : [[entry, place]]
        })
  const plans = chosen.map(([entry, place]) => planEntry(entry, place, { policy, can, options }))
  const settled = settleNames(
    plans.flatMap(({ sites }) => sites),
    can,
  )
  return {
    sites: settled.sites,
    notes: [
      ...documentNotes(policy, can),
      ...plans.flatMap(({ notes }) => notes),
      ...settled.notes,
      ...(hosts === undefined
        ? reachNotes(
            policy,
            plans.flatMap(({ sites }) => sites),
            settled.sites,
            can,
          )
        : []),
      ...plans.flatMap(({ reported }) => (reported === undefined ? [] : coverNotes(reported, settled.sites))),
    ],
  }
}

/** An entry in report mode that is left out falls to a broader one, which blocks. */
function coverNotes({ pattern }: HostEntry, sites: readonly Site[]): Note[] {
  const inner = { name: pattern.base, kind: pattern.kind }
  return sites
    .filter((site) => covers(site, inner))
    .map((site) => other(pathOfHost('hosts', pattern.text), `is covered by ${site.path} there, which is enforced`))
}

function documentNotes({ default: rule, deny }: Policy, { overlap }: Capabilities): Note[] {
  const isForSingleHosts = overlap === 'none'
  return [
    ...(rule === 'allow' || isForSingleHosts
      ? []
      : [other('default', `"${rule}" is not said: hosts without an entry are open there`)]),
    ...(deny.size === 0 ? [] : [weaker('deny', 'is not said: a denied key beside a pinned one passes there')]),
  ]
}

interface Planning {
  readonly policy: Policy
  readonly can: Capabilities
  readonly options: PlanOptions
}

interface EntryPlan extends Plan {
  /** The entry, where it is left out because it is in report mode. */
  readonly reported?: HostEntry
}

function planEntry(entry: HostEntry, place: Place | undefined, planning: Planning): EntryPlan {
  const { can, options } = planning
  const path = pathOfHost('hosts', entry.pattern.text)
  const reported = reportOf(entry, options.now)
  if (reported !== undefined && !can.hasReportMode) {
    return { sites: [], notes: [other(path, `is left out: it is in report mode${reported}`)], reported: entry }
  }
  const lists = usableLists(entry, planning)
  if (lists === undefined) {
    return {
      sites: [],
      notes: [weaker(path, 'is left out: no pin of one of its lists can match, so every call is refused')],
    }
  }
  const keys = keysFor(lists, path, can, options.pinsAs)
  const name = nameFor(entry, place, path, can)
  const notes = [...keys.notes, ...name.notes, ...dateNotes(entry, path, planning), ...anchorNotes(entry, path, can)]
  const pins = keys.found && new Set([...keys.found.pins, ...keys.found.leafPins, ...keys.found.issuerPins]).size
  if (keys.found === undefined || name.found === undefined) return { sites: [], notes }
  if (reported === undefined && pins !== undefined && pins < can.minPins) {
    return {
      sites: [],
      notes: [...notes, weaker(path, `is left out: fewer than ${can.minPins} pins are refused there`)],
    }
  }
  const site: Site = {
    path,
    ...name.found,
    ...keys.found,
    isEnforced: reported === undefined,
    until: endOf(entry, can),
    anchors: can.hasAnchors ? entry.anchors : undefined,
  }
  return { sites: [site], notes }
}

/** Until when it is in report mode, in words; undefined when it is not. */
function reportOf({ mode, reportUntil, expires, onExpiry }: HostEntry, now: number): string | undefined {
  if (reportUntil !== undefined && now < reportUntil) return ` until ${dateOf(reportUntil)}; export again then`
  if (expires !== undefined && now >= expires && onExpiry === 'report') return ', since it has expired'
  return mode === 'report' ? '' : undefined
}

export interface Lists {
  readonly pins?: readonly string[]
  readonly leafPins?: readonly string[]
  readonly issuerPins?: readonly string[]
}

/** The pins that match now. Undefined when a list has none: that entry refuses everything. */
function usableLists(entry: HostEntry, { policy, options }: Planning): Lists | undefined {
  const lists: { -readonly [Key in keyof Lists]: Lists[Key] } = {}
  for (const key of ['pins', 'leafPins', 'issuerPins'] as const) {
    const list = entry[key]
    if (list === undefined) continue
    const usable = list.filter(
      ({ sha256, expires }) => !policy.deny.has(sha256) && (expires === undefined || options.now < expires),
    )
    if (usable.length === 0) return undefined
    lists[key] = [...new Set(usable.map(({ sha256 }) => sha256))]
  }
  return lists
}

function dateNotes(entry: HostEntry, path: string, { can, options }: Planning): Note[] {
  const pins: readonly Pin[] = [...(entry.pins ?? []), ...(entry.leafPins ?? []), ...(entry.issuerPins ?? [])]
  const ending = pins.flatMap(({ sha256, expires }) =>
    expires === undefined || expires <= options.now
      ? []
      : [other(path, `${formatPin(sha256)} goes on matching after ${dateOf(expires)}: export again by then`)],
  )
  const { expires, onExpiry } = entry
  if (expires === undefined || onExpiry !== 'report' || expires <= options.now) return ending
  const effect = can.hasEnd
    ? 'leaves the host open there, to the day, and reports nothing'
    : 'is not said: its pins go on being enforced there'
  return [...ending, other(pathOfKey(path, 'expires'), effect)]
}

function anchorNotes({ anchors }: HostEntry, path: string, can: Capabilities): Note[] {
  if (anchors === undefined || can.hasAnchors) return []
  return [weaker(pathOfKey(path, 'anchors'), 'are not said: any root that is trusted there will do')]
}

function endOf({ expires, onExpiry }: HostEntry, can: Capabilities): number | undefined {
  return can.hasEnd && onExpiry === 'report' ? expires : undefined
}

function dateOf(instant: number): string {
  return new Date(instant).toISOString()
}
