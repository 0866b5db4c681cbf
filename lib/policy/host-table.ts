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

/** The entries of one kind of pattern, by the base of each. */
interface Bases<Entry> {
  readonly anyPort: Map<string, Entry>
  /** Under {@link placeOf}. */
  readonly onePort: Map<string, Entry>
}

export class HostTable<Entry> {
  readonly #bases: { readonly [Kind in HostPattern['kind']]: Bases<Entry> } = {
    exact: { anyPort: new Map(), onePort: new Map() },
    'one-label': { anyPort: new Map(), onePort: new Map() },
    'any-depth': { anyPort: new Map(), onePort: new Map() },
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
    const exact = entryAt(this.#bases.exact, host, port)
    if (exact !== undefined) return exact
    const oneLabel = entryAt(this.#bases['one-label'], parentOf(host), port)
    if (oneLabel !== undefined) return oneLabel
    for (let base = host; base !== ''; base = parentOf(base)) {
      const anyDepth = entryAt(this.#bases['any-depth'], base, port)
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

  #add({ kind, base, port, text }: HostPattern, entry: Entry): void {
    const { anyPort, onePort } = this.#bases[kind]
    const [entries, key] = port === undefined ? [anyPort, base] : [onePort, placeOf(base, port)]
    if (entries.has(key)) throw malformed(pathOfHost('hosts', text), 'comes twice', 'keep one of the two entries')
    entries.set(key, entry)
  }
}

function entryAt<Entry>({ anyPort, onePort }: Bases<Entry>, base: string, port: number): Entry | undefined {
  const entry = onePort.size === 0 ? undefined : onePort.get(placeOf(base, port))
  return entry ?? anyPort.get(base)
}

function placeOf(base: string, port: number): string {
  return `${port} ${base}`
}

/** The name without its first label; empty when that was the last. */
function parentOf(host: string): string {
  const dot = host.indexOf('.')
  return dot === -1 ? '' : host.slice(dot + 1)
}
