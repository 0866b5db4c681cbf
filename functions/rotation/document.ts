/**
 * From the text of a version to its policy. Where keys are set, what none of them signed is no policy.
 */

import { findPinnedFetchError, PinnedFetchError } from '../../lib/errors.ts'
import { type Policy, parsePolicy } from '../../lib/policy/document.ts'
import { formatInstant } from '../../lib/policy/instant.ts'
import { readFrom } from '../../lib/policy/malformed.ts'
import { decodeDocument } from '../../lib/source/decode.ts'
import { isEnvelope, openEnvelope, unverifiedDocument } from '../../lib/source/envelope.ts'
import type { VerifyKey } from '../../lib/source/verify-key.ts'

export interface OpenedPolicy {
  readonly policy: Policy
  readonly isSigned: boolean
}

export interface Reading {
  readonly keys: readonly VerifyKey[]
  /** Milliseconds since the epoch. */
  readonly now: number
  /** A signature that ends by then is none any more. */
  readonly until: number
}

/** @throws {PinnedFetchError} `ERR_POLICY_MALFORMED`, `ERR_POLICY_SIGNATURE` */
export async function openPolicy(text: string, source: string, { keys, now, until }: Reading): Promise<OpenedPolicy> {
  if (keys.length === 0) return openUnverified(text, source)
  const { document, expires } = await openEnvelope(decodeDocument(text, source), { keys, now, source })
  if (expires !== undefined && expires <= until) {
    const problem = `its signature is good now, and expires at ${formatInstant(expires)}: too soon`
    throw new PinnedFetchError('ERR_POLICY_SIGNATURE', { source, problem })
  }
  return { policy: readFrom(source, () => parsePolicy(document)), isSigned: true }
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
  const document = isSigned ? unverifiedDocument(outer, source) : outer
  return { policy: readFrom(source, () => parsePolicy(document)), isSigned }
}
