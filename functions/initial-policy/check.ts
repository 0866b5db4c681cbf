/**
 * Whether a text is a policy that guards would take, before it becomes the one that they read.
 */

import { parsePolicy } from '../../lib/policy/document.ts'
import { decodeDocument } from '../../lib/source/decode.ts'
import { isEnvelope, openEnvelope, unverifiedDocument } from '../../lib/source/envelope.ts'
import { verifyKeysOf } from '../verify-keys.ts'

/** As errors call it. */
const SOURCE = 'the policy of the template'

/**
 * @param verifyKeys public keys in PEM, one after the other; unset: it need not be signed
 * @throws {PinnedFetchError} when no guard would take it
 */
export async function checkPolicy(text: string, verifyKeys: string | undefined): Promise<void> {
  const document = decodeDocument(text, SOURCE)
  const keys = verifyKeysOf(verifyKeys)
  if (keys.length > 0) {
    parsePolicy((await openEnvelope(document, { keys, now: Date.now(), source: SOURCE })).document)
  } else {
    parsePolicy(isEnvelope(document) ? unverifiedDocument(document, SOURCE) : document)
  }
}
