/**
 * From the documents of one load to one policy: parsed, joined, and never older than what was accepted before.
 *
 * Shared state, owned by the store: the highest serial of each source, and what the documents in use were. A document that is
 * refused changes neither.
 */

import { types } from 'node:util'
import { PinnedFetchError } from '../errors.ts'
import { joinPolicies } from '../policy/join.ts'
import { readFrom } from '../policy/malformed.ts'
import type { IsPublicSuffix } from '../policy/public-suffix.ts'
import { type Policy, readPolicy } from '../policy/reading.ts'
import type { LoadedDocument, PolicySource } from './source.ts'

export interface Accepted {
  readonly policy: Policy
  /** The versions of all documents, as the sources name them. */
  readonly version: string | undefined
  readonly stage: string | undefined
  /** Whether any document differs from those accepted last. */
  readonly changed: boolean
}

export class Intake {
  readonly #sources: readonly PolicySource[]
  #serials: readonly (number | undefined)[] = []
  #last: { readonly fingerprint: string; readonly accepted: Accepted } | undefined

  constructor(sources: readonly PolicySource[]) {
    this.#sources = sources
  }

  /**
   * @param documents one for each source, in their order
   * @param isSuffix what {@link suffixesFor} gave for these documents
   * @throws {PinnedFetchError} `ERR_POLICY_MALFORMED`, `ERR_POLICY_ROLLED_BACK`
   */
  accept(documents: readonly LoadedDocument[], isSuffix: IsPublicSuffix): Accepted {
    // By content as well as by version: a source may call every state the same, or hand out one object again and again.
    const fingerprint = fingerprintOf(documents)
    if (fingerprint !== undefined && fingerprint === this.#last?.fingerprint) {
      return { ...this.#last.accepted, changed: false }
    }
    const parts = this.#sources.map((source, index) => {
      const policy = readFrom(source.name, () => readPolicy(documents[index]?.document, isSuffix))
      return { source: source.name, policy, serial: newerSerial(source, policy.serial, this.#serials[index]) }
    })
    const accepted: Accepted = {
      policy: joinPolicies(parts),
      version: joinedText(documents.map((document) => document.version)),
      stage: joinedText(documents.map((document) => document.stage)),
      changed: true,
    }
    this.#serials = parts.map(({ serial }) => serial)
    this.#last = fingerprint === undefined ? undefined : { fingerprint, accepted }
    return accepted
  }
}

/** `undefined`: it can't be told by its JSON text, so it is read. */
function fingerprintOf(documents: readonly LoadedDocument[]): string | undefined {
  try {
    return JSON.stringify(
      documents.map(({ document, version, stage }) => [document, version ?? null, stage ?? null]),
      asItIs,
    )
  } catch {
    return undefined
  }
}

/**
 * Refuses what JSON would leave out or rewrite (`undefined`, a function, a `toJSON`, a boxed string): a policy with such a
 * value is refused, and must not be taken for the one before.
 */
function asItIs(this: unknown, key: string, value: unknown): unknown {
  const isJson =
    typeof value === 'object'
      ? !types.isBoxedPrimitive(value)
      : typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
  if (!isJson || Reflect.get(Object(this), key) !== value) throw new TypeError('not as it is')
  return value
}

/** The list of public suffixes, loaded when a document has a wildcard; without one nobody asks it. */
export async function suffixesFor(documents: readonly LoadedDocument[]): Promise<IsPublicSuffix> {
  if (!documents.some(({ document }) => hasWildcard(document))) return refuseToAnswer
  return (await import('../policy/public-suffix.ts')).isPublicSuffix
}

/** Whether a key of the document, or of its `hosts`, has a `*`: the two places where patterns stand. */
function hasWildcard(document: unknown): boolean {
  const keysOf = (value: unknown) => (typeof value === 'object' && value !== null ? Object.keys(value) : [])
  const { hosts } = Object(document) as { readonly hosts?: unknown }
  return [...keysOf(document), ...keysOf(hosts)].some((key) => key.includes('*'))
}

/** A document that shows other keys when it is read again is refused. */
function refuseToAnswer(): never {
  throw new Error('the document has changed while it was read')
}

/** A document that had a serial must keep one, and it may not fall (The Update Framework, section 5.5: rollback). */
function newerSerial(
  source: PolicySource,
  serial: number | undefined,
  lastSerial: number | undefined,
): number | undefined {
  if (lastSerial === undefined || (serial !== undefined && serial >= lastSerial)) return serial
  const evidence = { source: source.name, lastSerial, ...(serial === undefined ? {} : { serial }) }
  throw new PinnedFetchError('ERR_POLICY_ROLLED_BACK', evidence)
}

function joinedText(texts: readonly (string | undefined)[]): string | undefined {
  const known = [...new Set(texts.filter((text) => text !== undefined))]
  return known.length === 0 ? undefined : known.join(',')
}
