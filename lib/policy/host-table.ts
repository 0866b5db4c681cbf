/**
 * Finds the one entry that a host and port belong to. The most specific wins, alone:
 *
 *   exact  before  `*.x`  before  `**.x` with the longest x;
 *   for one and the same of these, the entry with the port before the one without.
 *
 * A lookup asks one Map per label of the host at most, however many hosts the policy has.
 */

import type { HostPattern } from './host.ts'
import { malformed, pathOfHost } from './malformed.ts'

/** The entries of one pattern: by port, and under `undefined` the one for all other ports. */
type Ports<Entry> = Map<number | undefined, Entry>

type Bases<Entry> = Map<string, Ports<Entry>>

export class HostTable<Entry> {
  readonly #bases: { readonly [Kind in HostPattern['kind']]: Bases<Entry> } = {
    exact: new Map(),
    'one-label': new Map(),
    'any-depth': new Map(),
  }
  readonly #entries: readonly Entry[]

  /** Throws `ERR_POLICY_MALFORMED` when a pattern comes twice. */
  constructor(entries: Iterable<readonly [HostPattern, Entry]>) {
    const inOrder: Entry[] = []
    for (const [pattern, entry] of entries) {
      this.#add(pattern, entry)
      inOrder.push(entry)
    }
    this.#entries = Object.freeze(inOrder)
    Object.freeze(this)
  }

  /** The most specific entry for a host that `canonicalHost` gave, or undefined when none covers it. */
  find(host: string, port: number): Entry | undefined {
    const exact = atPort(this.#bases.exact.get(host), port)
    if (exact !== undefined) return exact
    const oneLabel = atPort(this.#bases['one-label'].get(parentOf(host)), port)
    if (oneLabel !== undefined) return oneLabel
    for (let base = host; base !== ''; base = parentOf(base)) {
      const anyDepth = atPort(this.#bases['any-depth'].get(base), port)
      if (anyDepth !== undefined) return anyDepth
    }
    return undefined
  }

  get size(): number {
    return this.#entries.length
  }

  /** Every entry, in the document's order. */
  entries(): Iterable<Entry> {
    return this.#entries
  }

  #add(pattern: HostPattern, entry: Entry): void {
    const bases = this.#bases[pattern.kind]
    const ports: Ports<Entry> = bases.get(pattern.base) ?? new Map()
    if (ports.has(pattern.port)) {
      throw malformed(pathOfHost('hosts', pattern.text), 'comes twice', 'keep one of the two entries')
    }
    ports.set(pattern.port, entry)
    bases.set(pattern.base, ports)
  }
}

function atPort<Entry>(ports: Ports<Entry> | undefined, port: number): Entry | undefined {
  return ports?.get(port) ?? ports?.get(undefined)
}

/** The name without its first label; empty when that was the last. */
function parentOf(host: string): string {
  const dot = host.indexOf('.')
  return dot === -1 ? '' : host.slice(dot + 1)
}
