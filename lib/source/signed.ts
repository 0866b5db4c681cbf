/**
 * A source whose documents must be signed: it opens what another source loads, and gives the document inside.
 */

import type { Clock } from './clock.ts'
import type { PolicySource } from './source.ts'
import type { VerifyKey } from './verify-key.ts'

/** @param keys public keys, any one of which may have signed */
export function signedSource(source: PolicySource, keys: readonly VerifyKey[], clock: Clock): PolicySource {
  return {
    name: source.name,
    get cachedFor() {
      return source.cachedFor ?? 0
    },
    async load(signal) {
      const [loaded, { openEnvelope }] = await Promise.all([source.load(signal), import('./envelope.ts')])
      const opened = await openEnvelope(loaded.document, { keys, now: clock.now(), source: source.name })
      return { ...loaded, document: opened.document }
    },
  }
}
