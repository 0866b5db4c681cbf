/**
 * Which keys a target compares with which pins. The policy has three lists, and every list that an entry has must match.
 */

import { pathOfKey } from '../malformed.ts'
import { type Capabilities, type Note, other, type Site, weaker } from './site.ts'

export type PinRole = 'leaf' | 'issuer'

type Keys = Pick<Site, 'pins' | 'leafPins' | 'issuerPins'>

interface Given {
  readonly pins?: readonly string[]
  readonly leafPins?: readonly string[]
  readonly issuerPins?: readonly string[]
}

export interface Answer<Found> {
  /** Unset: the target can't say it, and the entry is left out. */
  readonly found?: Found
  readonly notes: readonly Note[]
}

export function keysFor(lists: Given, path: string, can: Capabilities, pinsAs: PinRole | undefined): Answer<Keys> {
  if (can.keys === 'roles') return keysByRole(lists, path, pinsAs)
  return can.keys === 'path' ? keysOfPath(lists, path) : keysOfLeaf(lists, path)
}

/** Any key of the path matches any pin. */
function keysOfPath({ pins, leafPins, issuerPins }: Given, path: string): Answer<Keys> {
  // The narrowest list is the one to keep.
  const [list, kept] = [
    ['leafPins', leafPins] as const,
    ['issuerPins', issuerPins] as const,
    ['pins', pins] as const,
  ].find(([, present]) => present !== undefined) ?? ['pins', []]
  const lost = [leafPins, issuerPins, pins].filter((present) => present !== undefined).length > 1
  const anywhere = 'match any key of the path there, the role is not said'
  return {
    found: only(kept ?? []),
    notes: [
      ...(lost ? [weaker(path, `all its lists must match, and only "${list}" is said`)] : []),
      ...(list === 'pins' ? [] : [other(pathOfKey(path, list), anywhere)]),
    ],
  }
}

/** The server's own key alone is compared. */
function keysOfLeaf({ pins, leafPins, issuerPins }: Given, path: string): Answer<Keys> {
  const own = leafPins ?? (issuerPins === undefined ? pins : undefined)
  if (own === undefined) {
    return { notes: [weaker(path, "is left out: a key above the server's own can't be asked for there")] }
  }
  const lost = leafPins !== undefined && (pins !== undefined || issuerPins !== undefined)
  return {
    found: only(own),
    notes: [
      ...(lost ? [weaker(path, 'all its lists must match, and only "leafPins" is said')] : []),
      ...(leafPins === undefined
        ? [other(pathOfKey(path, 'pins'), "only the server's own key is compared there: a CA's key never matches")]
        : []),
    ],
  }
}

/** The server's own key, and one above it, each with its list; there is no list for any key. */
function keysByRole({ pins, leafPins, issuerPins }: Given, path: string, pinsAs?: PinRole): Answer<Keys> {
  const anyPath = pathOfKey(path, 'pins')
  if (leafPins !== undefined || issuerPins !== undefined) {
    return {
      found: { pins: [], leafPins: leafPins ?? [], issuerPins: issuerPins ?? [] },
      notes:
        pins === undefined ? [] : [weaker(anyPath, 'are not said: there is no list for any key of the path there')],
    }
  }
  if (pinsAs === undefined) {
    const message = 'do not say whether they are of servers or of CAs: move them, or export with --pins-as'
    return { notes: [weaker(anyPath, `${message}; the entry is left out`)] }
  }
  const list = pins ?? []
  const whose =
    pinsAs === 'leaf' ? "the server's own key: a CA's key never matches" : "a CA's key: the server's never matches"
  return {
    found: pinsAs === 'leaf' ? { ...only([]), leafPins: list } : { ...only([]), issuerPins: list },
    notes: [other(anyPath, `are compared with ${whose}`)],
  }
}

function only(pins: readonly string[]): Keys {
  return { pins, leafPins: [], issuerPins: [] }
}
