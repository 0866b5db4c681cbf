/**
 * The next revision of a document as it is written: with a higher serial, or without some pins. What is not touched
 * stays as it was written, names and dates included.
 *
 * Documents that come here have been read by `parsePolicy` already, so their shape is known.
 */

import type { PIN_LISTS } from './difference.ts'
import { parseHostPattern } from './host.ts'
import { pathOfHost } from './malformed.ts'
import { formatPin, parsePin } from './pin.ts'
import type { HostEntry } from './reading.ts'

type Written = Readonly<Record<string, unknown>>

/** One pin of one list of one entry. */
export interface PinPlace {
  /** The canonical pattern of the entry. */
  readonly pattern: HostEntry['pattern']['text']
  readonly list: (typeof PIN_LISTS)[number]
  /** Canonical base64, without prefix. */
  readonly sha256: string
}

/** The document with this serial; one in the short form, which can hold none, becomes a full one. */
export function withSerial(document: unknown, serial: number): Written {
  const { version, serial: _former, ...rest } = fullForm(document)
  return { version, serial, ...rest }
}

/** The document without these pins. A list that would be empty is left empty, for `parsePolicy` to refuse. */
export function withoutPins(document: unknown, places: readonly PinPlace[]): Written {
  const full = fullForm(document)
  const hosts = Object.entries(full['hosts'] as Written).map(([key, entry]) => {
    const { text } = parseHostPattern(key, pathOfHost('hosts', key))
    const gone = places.filter(({ pattern }) => pattern === text)
    return [key, gone.length === 0 ? entry : entryWithout(entry as Written, gone)] as const
  })
  return { ...full, hosts: Object.fromEntries(hosts) }
}

/** The text of a document, for a file or a secret. */
export function textOfDocument(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`
}

/** A pin as it is told: `hosts["…"].pins sha256/…`. */
export function describePlace({ pattern, list, sha256 }: PinPlace): string {
  return `${pathOfHost('hosts', pattern)}.${list} ${formatPin(sha256)}`
}

function fullForm(document: unknown): Written {
  const written = document as Written
  if (Object.hasOwn(written, 'version')) return written
  const hosts = Object.entries(written).map(([host, pins]) => [host, { pins }] as const)
  return { version: 1, hosts: Object.fromEntries(hosts) }
}

function entryWithout(entry: Written, places: readonly PinPlace[]): Written {
  const changed = Object.entries(entry).map(([key, value]) => {
    const gone = places.filter(({ list }) => list === key).map(({ sha256 }) => sha256)
    if (gone.length === 0) return [key, value] as const
    const kept = (value as readonly unknown[]).filter((pin) => !gone.includes(parsePin(pin, key).sha256))
    return [key, kept] as const
  })
  return Object.fromEntries(changed)
}
