/**
 * A source whose documents must be signed: it opens what another source loads, and gives the document inside.
 */

import type { Clock } from './clock.ts'
import { openEnvelope, type VerifyKey } from './envelope.ts'
import type { PolicySource } from './source.ts'

/** @param keys public keys, any one of which may have signed */
export function signedSource(source: PolicySource, keys: readonly VerifyKey[], clock: Clock): PolicySource {
  return {
    name: source.name,
    async load(signal) {
      const loaded = await source.load(signal)
      const opened = await openEnvelope(loaded.document, { keys, now: clock.now(), source: source.name })
      return { ...loaded, document: opened.document }
    },
  }
}
