/**
 * The user's callbacks, made harmless: what one throws or rejects with is an error of its call, never an uncaught
 * exception, and never a yes.
 */

import type { LookupFunction } from 'node:net'
import type { PeerCertificate } from 'node:tls'

export type IdentityCheck = (name: string, certificate: PeerCertificate) => Error | undefined

/** Whatever was thrown, as an Error. */
export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}

/** A `lookup` that answers through its callback, once, whatever it does. */
export function safeLookup(lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    let answered = false
    const answer: typeof callback = (...results) => {
      if (answered) return
      answered = true
      callback(...results)
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
