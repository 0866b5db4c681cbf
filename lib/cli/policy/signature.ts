/**
 * When the signature of a policy ends, and that it will: past it no guard loads the document any more, and those that
 * have it go on until `maxStale`.
 *
 * The end is what the envelope says, whoever wrote it. Whether the signature is good, only `verify` says.
 */

import { daysUntil, formatInstant } from '../../policy/instant.ts'

/** Days before its end in which a signature is told: as `lint` tells the other dates of a policy. */
const SOON_DAYS = 30

export interface SignatureFinding {
  readonly code: 'signature-ended' | 'signature-ends-soon'
  readonly path: 'signature'
  readonly message: string
  readonly severity: 'warning'
}

/** The `exp` of an envelope, in milliseconds since the epoch; `undefined` when it states none that could be one. */
export function statedEnd({ protected: header }: { readonly protected: string }): number | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(header, 'base64url').toString())
    return Number.isSafeInteger(exp) && exp > 0 && exp < 8.64e12 ? exp * 1000 : undefined
  } catch {
    return undefined
  }
}

/** @param warnDays what ends in fewer days than this is told */
export function signatureFinding(
  end: number | undefined,
  now: number,
  warnDays: number = SOON_DAYS,
): SignatureFinding | undefined {
  if (end === undefined || daysUntil(end, now) >= warnDays) return undefined
  const finding = { path: 'signature', severity: 'warning' } as const
  if (end <= now) {
    const message = `ended at ${formatInstant(end)}: no guard loads this document any more; sign it again`
    return { ...finding, code: 'signature-ended', message }
  }
  const days = daysUntil(end, now)
  const message = `ends in ${days} ${days === 1 ? 'day' : 'days'}, at ${formatInstant(end)}: sign it again before`
  return { ...finding, code: 'signature-ends-soon', message }
}
