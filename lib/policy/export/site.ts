/**
 * What an export is made of: one host or pattern, the keys that count for it now, and what the target can't say of it.
 */

/** What is written for one entry of the policy. */
export interface Site {
  /** Of the entry, in the policy. */
  readonly path: string
  /** The canonical host, or the one that a wildcard stands before. */
  readonly name: string
  readonly kind: 'exact' | 'one-label' | 'any-depth'
  /** Unset: every port. */
  readonly port?: number | undefined
  /** Base64 without prefix: any of them, of any key that the target looks at. Empty where the target tells roles apart. */
  readonly pins: readonly string[]
  /** Where the target tells roles apart. */
  readonly leafPins: readonly string[]
  readonly issuerPins: readonly string[]
  readonly isEnforced: boolean
  /** From this instant on nothing is enforced, ms since the epoch; unset: never. */
  readonly until?: number | undefined
  /** PEM; unset: the target's own roots. */
  readonly anchors?: readonly string[] | undefined
}

/** Where the target does not do what the policy does. */
export interface Note {
  readonly path: string
  readonly message: string
  /** `weaker`: something passes there that the policy refuses. `other`: it refuses more, or only later, or elsewhere. */
  readonly effect: 'weaker' | 'other'
}

/** What a target can say. */
export interface Capabilities {
  /** Which keys it compares: all of the path, the server's own, or its own and those above it apart. */
  readonly keys: 'path' | 'leaf' | 'roles'
  /** What it can name beside a host: OkHttp's patterns, a domain with all below, a domain with one label more, nothing. */
  readonly wildcards: 'patterns' | 'all-below' | 'one-below' | 'none'
  readonly addresses: 'all' | 'ipv4' | 'none'
  /** Whether an entry can be for one port. */
  readonly hasPorts: boolean
  readonly hasAnchors: boolean
  readonly hasReportMode: boolean
  /** Whether pins can end by themselves, and leave the host open. */
  readonly hasEnd: boolean
  /** Which of two patterns counts for a host that both cover. `exact-first`: of two wildcards, nobody knows. */
  readonly overlap: 'most-specific' | 'exact-first' | 'all-together' | 'unknown' | 'none'
  /** It refuses a host with fewer pins, if it is to enforce them. */
  readonly minPins: number
}

export interface Written {
  readonly text: string
  /** The same facts, for programs. */
  readonly value: unknown
}

export interface Target {
  /** For people. */
  readonly title: string
  readonly can: Capabilities
  write(sites: readonly Site[]): Written
}

export function weaker(path: string, message: string): Note {
  return { path, message, effect: 'weaker' }
}

export function other(path: string, message: string): Note {
  return { path, message, effect: 'other' }
}

/** `yyyy-MM-dd`, the first day that begins at or after an instant: never earlier than the policy says. */
export function dayFrom(instant: number): string {
  const DAY_MS = 86_400_000
  return new Date(Math.ceil(instant / DAY_MS) * DAY_MS).toISOString().slice(0, 10)
}
