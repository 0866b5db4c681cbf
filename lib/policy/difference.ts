/**
 * What changed from one policy to another: as data, and in words.
 *
 * Compares what the documents mean, not how they are written: the short form and the full one are the same when they ask
 * for the same. The order of a list of pins is a difference, since the first one is the key in use.
 *
 * Not here: whether a change hurts (hazard.ts).
 */

import { pathOfHost, pathOfKey } from './malformed.ts'
import { formatPin, type Pin } from './pin.ts'
import type { HostEntry, Policy } from './reading.ts'

export const PIN_LISTS = ['pins', 'leafPins', 'issuerPins'] as const

export type PinList = (typeof PIN_LISTS)[number]

/** One difference. `path` points into the documents in their full form: `hosts["api.partner.example"].pins`. */
export type Change =
  | { readonly kind: 'host-added' | 'host-removed'; readonly path: string; readonly pins: readonly string[] }
  | {
      readonly kind: 'pin-added' | 'pin-removed'
      readonly path: string
      readonly pin: string
      readonly name?: string
      readonly expires?: string
    }
  /** The name or the end of a pin that stays. */
  | {
      readonly kind: 'pin-changed'
      readonly path: string
      readonly pin: string
      readonly from: string
      readonly to: string
    }
  /** Another pin comes first: the one that stands for the key in use. */
  | { readonly kind: 'first-pin'; readonly path: string; readonly from: string; readonly to: string }
  /** Anything else with one value; a value that is not there is `undefined`. */
  | {
      readonly kind: 'setting'
      readonly path: string
      readonly from: string | number | undefined
      readonly to: string | number | undefined
    }

/** Lists the differences: what holds for the whole document first, then host by host, those that went last. */
export function differencesOf(from: Policy, to: Policy): readonly Change[] {
  const before = entriesOf(from)
  const after = entriesOf(to)
  return [
    ...settingChange('serial', from.serial, to.serial),
    ...settingChange('default', from.default, to.default),
    ...bareChanges('deny', from.deny, to.deny),
    ...[...after].flatMap(([pattern, entry]) => {
      const earlier = before.get(pattern)
      return earlier === undefined ? [hostChange('host-added', entry)] : entryChanges(earlier, entry)
    }),
    ...[...before].filter(([pattern]) => !after.has(pattern)).map(([, entry]) => hostChange('host-removed', entry)),
  ]
}

/** One line for people, with a sign in front: `+` came, `-` went, `~` is another. */
export function describeChange(change: Change): string {
  const { path } = change
  switch (change.kind) {
    case 'host-added':
      return `+ ${path}  ${counted(change.pins.length)}`
    case 'host-removed':
      return `- ${path}  ${counted(change.pins.length)}`
    case 'pin-added':
      return `+ ${path}  ${[change.pin, ...notes(change)].join('  ')}`
    case 'pin-removed':
      return `- ${path}  ${[change.pin, ...notes(change)].join('  ')}`
    case 'pin-changed':
      return `~ ${path}  ${change.pin}  ${change.from} -> ${change.to}`
    case 'first-pin':
      return `~ ${path}  first is ${change.to}, was ${change.from}`
    case 'setting':
      return `~ ${path}  ${change.from ?? 'none'} -> ${change.to ?? 'none'}`
  }
}

/** The pins that an entry asks for, list by list, those it has. */
export function pinListsOf(entry: HostEntry): readonly (readonly [PinList, readonly Pin[]])[] {
  return PIN_LISTS.flatMap((list) => {
    const pins = entry[list]
    return pins === undefined ? [] : [[list, pins] as const]
  })
}

function entriesOf({ hosts }: Policy): ReadonlyMap<string, HostEntry> {
  return new Map([...hosts.entries()].map((entry) => [entry.pattern.text, entry]))
}

function hostChange(kind: 'host-added' | 'host-removed', entry: HostEntry): Change {
  const pins = pinListsOf(entry).flatMap(([, list]) => list.map(({ sha256 }) => formatPin(sha256)))
  return { kind, path: pathOfHost('hosts', entry.pattern.text), pins }
}

function entryChanges(from: HostEntry, to: HostEntry): Change[] {
  const path = pathOfHost('hosts', to.pattern.text)
  return [
    ...PIN_LISTS.flatMap((list) => pinChanges(pathOfKey(path, list), from[list] ?? [], to[list] ?? [])),
    ...settingChange(pathOfKey(path, 'mode'), from.mode, to.mode),
    ...settingChange(pathOfKey(path, 'reportUntil'), dateOf(from.reportUntil), dateOf(to.reportUntil)),
    ...settingChange(pathOfKey(path, 'expires'), dateOf(from.expires), dateOf(to.expires)),
    ...settingChange(pathOfKey(path, 'onExpiry'), from.onExpiry, to.onExpiry),
    ...anchorChange(pathOfKey(path, 'anchors'), from.anchors, to.anchors),
  ]
}

function pinChanges(path: string, from: readonly Pin[], to: readonly Pin[]): Change[] {
  const before = new Map(from.map((pin) => [pin.sha256, pin]))
  const after = new Map(to.map((pin) => [pin.sha256, pin]))
  const changes: Change[] = []
  for (const [sha256, pin] of after) {
    const earlier = before.get(sha256)
    if (earlier === undefined) changes.push({ kind: 'pin-added', path, ...told(pin) })
    else if (labelOf(earlier) !== labelOf(pin)) {
      changes.push({ kind: 'pin-changed', path, pin: formatPin(sha256), from: labelOf(earlier), to: labelOf(pin) })
    }
  }
  for (const [sha256, pin] of before) {
    if (!after.has(sha256)) changes.push({ kind: 'pin-removed', path, ...told(pin) })
  }
  const [first, last] = [from[0]?.sha256, to[0]?.sha256]
  if (first !== undefined && last !== undefined && first !== last) {
    changes.push({ kind: 'first-pin', path, from: formatPin(first), to: formatPin(last) })
  }
  return changes
}

function told({ sha256, name, expires }: Pin): {
  readonly pin: string
  readonly name?: string
  readonly expires?: string
} {
  const until = dateOf(expires)
  return {
    pin: formatPin(sha256),
    ...(name === undefined ? {} : { name }),
    ...(until === undefined ? {} : { expires: until }),
  }
}

function labelOf({ name, expires }: Pin): string {
  const until = dateOf(expires)
  const parts = [
    name === undefined ? undefined : JSON.stringify(name),
    until === undefined ? undefined : `until ${until}`,
  ]
  return parts.filter((part) => part !== undefined).join(' ') || 'no name'
}

function bareChanges(path: string, from: ReadonlySet<string>, to: ReadonlySet<string>): Change[] {
  return [
    ...[...to]
      .filter((sha256) => !from.has(sha256))
      .map((sha256) => ({ kind: 'pin-added' as const, path, pin: formatPin(sha256) })),
    ...[...from]
      .filter((sha256) => !to.has(sha256))
      .map((sha256) => ({ kind: 'pin-removed' as const, path, pin: formatPin(sha256) })),
  ]
}

function anchorChange(path: string, from: readonly string[] | undefined, to: readonly string[] | undefined): Change[] {
  if (JSON.stringify(from) === JSON.stringify(to)) return []
  const told = (anchors: readonly string[] | undefined) =>
    anchors === undefined ? undefined : `${anchors.length} ${anchors.length === 1 ? 'certificate' : 'certificates'}`
  const [before, after] = [told(from), told(to)]
  return [{ kind: 'setting', path, from: before, to: before === after ? `${after}, another` : after }]
}

function settingChange(path: string, from: string | number | undefined, to: string | number | undefined): Change[] {
  return from === to ? [] : [{ kind: 'setting', path, from, to }]
}

function dateOf(instant: number | undefined): string | undefined {
  return instant === undefined ? undefined : new Date(instant).toISOString()
}

function notes({ name, expires }: { readonly name?: string; readonly expires?: string }): string[] {
  return [...(name === undefined ? [] : [name]), ...(expires === undefined ? [] : [`until ${expires}`])]
}

function counted(pins: number): string {
  return pins === 1 ? '1 pin' : `${pins} pins`
}
