/**
 * The public keys of `PINNED_FETCH_VERIFY_KEYS`: PEM, one block after the other.
 */

import { PinnedFetchError } from '../lib/errors.ts'
import { parseVerifyKey, splitVerifyKeys, type VerifyKey } from '../lib/source/verify-key.ts'

export const VERIFY_KEYS_VARIABLE = 'PINNED_FETCH_VERIFY_KEYS'

/**
 * None when it is unset or empty: documents need no signature then.
 *
 * @throws {PinnedFetchError} `ERR_CONFIGURATION` when a part of it is no such key: never fewer keys than were meant
 */
export function verifyKeysOf(pem = ''): readonly VerifyKey[] {
  const keys = splitVerifyKeys(pem)?.flatMap((block) => parseVerifyKey(block) ?? [])
  if (keys !== undefined) return keys
  throw new PinnedFetchError('ERR_CONFIGURATION', {
    option: VERIFY_KEYS_VARIABLE,
    problem: 'holds something that is no public key',
    repair: 'give it public keys in PEM ("BEGIN PUBLIC KEY"), Ed25519 or P-256, and nothing else',
  })
}
