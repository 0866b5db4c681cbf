/**
 * Whether a text is a policy that guards would take, before it becomes the one that they read.
 */

import { PinnedFetchError } from '../../lib/errors.ts'
import { parsePolicy } from '../../lib/policy/document.ts'
import { decodeDocument } from '../../lib/source/decode.ts'
import { isEnvelope, openEnvelope } from '../../lib/source/envelope.ts'
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
  } else if (isEnvelope(document)) {
    const problem = 'it is signed, and no key is given: guards without keys can not read it'
    throw new PinnedFetchError('ERR_POLICY_SIGNATURE', { source: SOURCE, problem })
  } else {
    parsePolicy(document)
  }
}
