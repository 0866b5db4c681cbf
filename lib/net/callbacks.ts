/**
 * The user's callbacks, made harmless: what one throws or rejects with is an error of its call, never an uncaught
 * exception, and never a yes.
 */

import type { LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import type { PeerCertificate } from 'node:tls'

export type IdentityCheck = (name: string, certificate: PeerCertificate) => Error | undefined

/** Whatever was thrown, as an Error. */
export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}

/** A `lookup` that answers through its callback, once, with addresses or an error, whatever it does. */
export function safeLookup(lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    let answered = false
    const answer: typeof callback = (error, found) => {
      if (answered) return
      answered = true
      // Node takes the answer apart without a look: one that is none would be an uncaught exception.
      const [first, ...others] = addressesIn(found)
      if (error) callback(asError(error), [])
      else if (first === undefined) callback(new Error(`lookup gave no address for "${hostname}"`), [])
      else if (options.all) callback(null, [first, ...others])
      else callback(null, first.address, first.family)
    }
    const fail = (reason: unknown) => answer(asError(reason), [])
    try {
      const outcome: unknown = lookup(hostname, options, answer)
      if (outcome instanceof Promise) outcome.catch(fail)
    } catch (reason) {
      fail(reason)
    }
  }
}

/** The addresses of an answer in either form: one, or a list of records. */
function addressesIn(found: unknown): LookupAddress[] {
  const records: readonly unknown[] = Array.isArray(found) ? found : [{ address: found }]
  return records.flatMap((record) => {
    const address = String((record as { address?: unknown } | null)?.address)
    const family = isIP(address)
    return family === 0 ? [] : [{ address, family }]
  })
}

/** Our identity check, then the caller's: it can refuse, it can't allow. A throw would leave the socket open. */
export function bothIdentityChecks(ours: IdentityCheck, theirs: unknown): IdentityCheck {
  return (name, certificate) => {
    const refusal = ours(name, certificate)
    if (refusal !== undefined || typeof theirs !== 'function') return refusal
    try {
      const outcome: unknown = theirs(name, certificate)
      if (!(outcome instanceof Promise)) return outcome as Error | undefined
      outcome.catch(() => undefined)
      return new Error('checkServerIdentity must answer at once, not by a promise')
    } catch (reason) {
      return asError(reason)
    }
  }
}
