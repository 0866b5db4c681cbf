/**
 * From the text of a version to its policy. Where keys are set, what none of them signed is no policy.
 */

import { findPinnedFetchError, PinnedFetchError } from '../../lib/errors.ts'
import { type Policy, parsePolicy } from '../../lib/policy/document.ts'
import { decodeDocument } from '../../lib/source/decode.ts'
import { isEnvelope, openEnvelope, unverifiedDocument } from '../../lib/source/envelope.ts'
import type { VerifyKey } from '../../lib/source/verify-key.ts'

export interface OpenedPolicy {
  readonly policy: Policy
  readonly isSigned: boolean
}

/** @throws {PinnedFetchError} `ERR_POLICY_MALFORMED`, `ERR_POLICY_SIGNATURE` */
export async function openPolicy(
  text: string,
  source: string,
  { keys, now }: { readonly keys: readonly VerifyKey[]; readonly now: number },
): Promise<OpenedPolicy> {
  if (keys.length === 0) return openUnverified(text, source)
  const { document } = await openEnvelope(decodeDocument(text, source), { keys, now, source })
  return { policy: parsed(document, source), isSigned: true }
}

/** What is current, only to be compared with: `undefined` when it is no policy, and so nothing can be lost. */
export function openBase(text: string): OpenedPolicy | undefined {
  try {
    return openUnverified(text, 'what is current')
  } catch (error) {
    if (findPinnedFetchError(error)?.code === 'ERR_POLICY_MALFORMED') return undefined
    throw error
  }
}

function openUnverified(text: string, source: string): OpenedPolicy {
  const outer = decodeDocument(text, source)
  const isSigned = isEnvelope(outer)
  return { policy: parsed(isSigned ? unverifiedDocument(outer, source) : outer, source), isSigned }
}

function parsed(document: unknown, source: string): Policy {
  try {
    return parsePolicy(document)
  } catch (error) {
    const ours = findPinnedFetchError(error)
    if (ours?.code !== 'ERR_POLICY_MALFORMED') throw error
    throw new PinnedFetchError('ERR_POLICY_MALFORMED', { ...ours.evidence, source })
  }
}
