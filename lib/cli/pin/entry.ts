/**
 * The policy entry that `pin` proposes for a host: one key of its path, and the backups that were given.
 */

import { authority } from '../../net/proxy/address.ts'
import { type Policy, parsePolicy } from '../../policy/document.ts'
import type { Certificate } from '../../x509/certificate.ts'
import type { VerifiedPaths } from '../../x509/path.ts'
import { plain } from '../hosts/plain.ts'
import type { Choice } from './choice.ts'

/** A key that is not in use yet. */
export interface Backup {
  readonly sha256: string
  /** What it is: the file it came from, or its subject. */
  readonly name: string
}

export interface EntryPin {
  readonly sha256: string
  readonly name: string
}

export interface Entry {
  /** The key in `hosts`. */
  readonly pattern: string
  readonly pins: readonly EntryPin[]
  /** PEM; unset: its root comes with Node. */
  readonly anchors?: readonly string[]
}

export interface EntryRequest {
  /** The name that was verified. */
  readonly host: string
  readonly port: number
  readonly choice: Choice
  readonly backups: readonly Backup[]
  readonly verified: VerifiedPaths
  /** The root, where it does not come with Node. */
  readonly privateRoot: Certificate | undefined
}

/** Characters of the longest name of a pin (policy/pin.ts). */
const MAX_NAME = 128

const HTTPS_PORT = 443

export function entryFor({ host, port, choice, backups, verified, privateRoot }: EntryRequest): Entry {
  const { certificate, role } = choice
  const place = authority({ host, port })
  return {
    pattern: port === HTTPS_PORT ? place.replace(/:\d+$/, '') : place,
    pins: [
      { sha256: certificate.keyHash, name: nameOf(`${certificate.title} (${role})`) },
      ...unusedOf(backups, verified).map(({ sha256, name }) => ({ sha256, name: nameOf(`backup: ${name}`) })),
    ],
    ...(privateRoot === undefined ? {} : { anchors: [privateRoot.x509.toString()] }),
  }
}

/** A key of the path is no backup: it changes together with the pinned one (RFC 7469 section 4.3). */
export function unusedOf(backups: readonly Backup[], { paths }: VerifiedPaths): readonly Backup[] {
  const used = new Set(paths.flatMap(({ certificates }) => certificates.map(({ keyHash }) => keyHash)))
  return backups.filter(({ sha256 }) => !used.has(sha256))
}

/** One document of all entries; the pins of a host that was asked twice are joined. Read once, so that it is valid. */
export function policyOf(entries: readonly Entry[]): { document: object; policy: Policy } {
  const hosts: Record<string, { pins: EntryPin[]; anchors?: readonly string[] }> = {}
  for (const { pattern, pins, anchors } of entries) {
    const known = hosts[pattern]?.pins ?? []
    const fresh = pins.filter(({ sha256 }) => !known.some((other) => other.sha256 === sha256))
    const all = [...(hosts[pattern]?.anchors ?? []), ...(anchors ?? [])]
    hosts[pattern] = { pins: [...known, ...fresh], ...(all.length === 0 ? {} : { anchors: [...new Set(all)] }) }
  }
  const document = { version: 1, hosts }
  return { document, policy: parsePolicy(document) }
}

function nameOf(text: string): string {
  const line = plain(text)
  return line.length <= MAX_NAME ? line : `${line.slice(0, MAX_NAME - 1)}…`
}
