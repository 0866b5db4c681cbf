/** Checked by tsc alone: a failure's code says which evidence it carries. */

import {
  type FailureCode,
  type FailureEvidence,
  findPinnedFetchError,
  isPinnedFetchError,
  PinnedFetchError,
  type PinnedFetchFailure,
  type PresentedKey,
} from 'pinned-fetch'

export function repaired(error: unknown): string {
  const failure: PinnedFetchFailure | undefined = findPinnedFetchError(error)
  if (failure === undefined) return isPinnedFetchError(error) ? 'never' : 'not ours'
  // @ts-expect-error not every failure has presented keys: the code must be known first
  console.log(failure.evidence.presented)
  switch (failure.code) {
    case 'ERR_PIN_MISMATCH': {
      const presented: readonly PresentedKey[] = failure.evidence.presented
      const expected: readonly string[] = failure.evidence.expected
      // @ts-expect-error of another code
      console.log(failure.evidence.denied)
      return `${presented.map(({ pin, subject, role, notAfter }) => pin + subject + role + notAfter)} ${expected}`
    }
    case 'ERR_KEY_DENIED':
      return failure.evidence.denied.join()
    case 'ERR_PATH_NOT_VERIFIED':
      return failure.evidence.reason
    case 'ERR_PINS_EXPIRED':
      return failure.evidence.expired.join()
    case 'ERR_HOST_NOT_COVERED':
      return failure.evidence.protocol
    case 'ERR_PLAINTEXT_REFUSED':
      return `${failure.evidence.host}:${failure.evidence.port}`
    case 'ERR_PROXY_FAILED':
      return `${failure.evidence.proxy}: ${failure.evidence.reason}`
    case 'ERR_POLICY_UNAVAILABLE':
      return failure.evidence.repair
    case 'ERR_POLICY_MALFORMED':
      return `${failure.evidence.path} ${failure.evidence.problem}`
    case 'ERR_POLICY_STALE':
      return String(failure.evidence.ageSeconds)
    case 'ERR_POLICY_ROLLED_BACK':
      return String(failure.evidence.lastSerial)
    case 'ERR_POLICY_SIGNATURE':
      return failure.evidence.source
    case 'ERR_CONFIGURATION':
      return failure.evidence.option
  }
}

/** A table with a line for every code: a new code breaks the build where it is forgotten. */
// @ts-expect-error all codes but one are missing
export const advice: Readonly<Record<FailureCode, string>> = { ERR_PIN_MISMATCH: 'call the partner' }

export const mine = new PinnedFetchError('ERR_PLAINTEXT_REFUSED', { host: 'api.partner.example', port: 80 })
export const code: 'ERR_PLAINTEXT_REFUSED' = mine.code
export const evidence: Readonly<FailureEvidence['ERR_PLAINTEXT_REFUSED']> = mine.evidence
// @ts-expect-error the evidence of another code
export const mixed = new PinnedFetchError('ERR_POLICY_STALE', { host: 'api.partner.example', port: 80 })
// @ts-expect-error the set of codes is closed
export const invented = new PinnedFetchError('ERR_PIN_ODD', {})
