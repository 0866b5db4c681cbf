/**
 * Where a policy comes from: the interface that the store asks, and the literal source.
 *
 * A source only fetches and decodes. Whether the document is a policy, whether it is new, and what happens when it
 * fails is the store's business (store.ts).
 */

/** What a source gives for one load. */
export interface LoadedDocument {
  /** The decoded document, not yet a policy. */
  readonly document: unknown
  /** The source's own name for this state of the document (Secrets Manager: the `VersionId`). Evidence only. */
  readonly version?: string
  /** The stage that was asked for (Secrets Manager: `AWSCURRENT`). Evidence only. */
  readonly stage?: string
}

/** Anything that can give a policy document. */
export interface PolicySource {
  /** Names the source in errors, events and metrics: `secret "prod/partner-pins"`. */
  readonly name: string
  /** ms that a cache of its own may hold a document back. Unset: it has none, and gives the document as it is now. */
  readonly cachedFor?: number
  /**
   * Fetches the document as it is now.
   *
   * @param signal aborted when the store no longer waits; a source should stop then, but need not
   */
  load(signal?: AbortSignal): Promise<LoadedDocument>
}

/** A document that is already here: tests, private tools. */
export function literalSource(document: unknown): PolicySource {
  return { name: 'option "policy"', load: async () => ({ document }) }
}
