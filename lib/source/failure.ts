/**
 * Whatever a source throws, as one of our errors.
 */

import { type FailureCode, findPinnedFetchError, PinnedFetchError } from '../errors.ts'

/** What a load may fail with. */
const POLICY_CODES: ReadonlySet<FailureCode> = new Set([
  'ERR_POLICY_UNAVAILABLE',
  'ERR_POLICY_MALFORMED',
  'ERR_POLICY_ROLLED_BACK',
  'ERR_POLICY_SIGNATURE',
])

/** Characters of a foreign message that are kept: it may quote anything. */
const MAX_MESSAGE = 300

const REPAIR = 'check that the source is reachable from here and answers in time'

/** @param source names the source, for the message */
export function policyErrorOf(cause: unknown, source: string): PinnedFetchError {
  try {
    const ours = findPinnedFetchError(cause)
    if (ours !== undefined && POLICY_CODES.has(ours.code)) return ours
    const problem = cause instanceof Error ? `${cause.name}: ${firstLine(cause.message)}` : 'the source failed'
    return new PinnedFetchError('ERR_POLICY_UNAVAILABLE', { source, problem, repair: REPAIR }, { cause })
  } catch {
    // An error whose own fields throw.
    return new PinnedFetchError('ERR_POLICY_UNAVAILABLE', { source, problem: 'the source failed', repair: REPAIR })
  }
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]?.slice(0, MAX_MESSAGE) ?? ''
}
