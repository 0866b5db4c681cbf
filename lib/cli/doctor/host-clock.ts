/**
 * The clock of the host against ours, where it may be asked: see server-date.ts.
 */

import { findPinnedFetchError } from '../../errors.ts'
import { verifyPath } from '../../x509/path.ts'
import type { TrustSet } from '../../x509/trust-set.ts'
import { verdictOn } from './checks/policy.ts'
import type { Facts, HostClock } from './facts.ts'
import { askDate } from './server-date.ts'
import type { Way } from './way.ts'

type Known = Pick<Facts, 'call' | 'servername' | 'now' | 'judgedAt' | 'chain' | 'policy'>

/** @param sendRequest unset: when the certificates are proven, their dates aside, and the policy lets the call out */
export async function hostClockOf(
  facts: Known,
  way: Way | undefined,
  trust: TrustSet,
  sendRequest: boolean | undefined,
): Promise<HostClock> {
  const { chain, call, servername, now } = facts
  const leaf = chain?.presented[0]
  if (chain === undefined || leaf === undefined || way === undefined) return unknown('the host was not asked')
  if (sendRequest === false) return unknown('the host was not asked (--no-send-request)')
  if (sendRequest !== true && chain.proven.verified === undefined) {
    return unknown('the host is not asked, since its certificates are not proven (--send-request asks)')
  }
  if (sendRequest !== true && isRefused(facts)) {
    return unknown('the host is not asked, since the policy refuses it (--send-request asks)')
  }
  let date: number
  try {
    date = await askDate({ call, servername, place: way.place, proxy: way.proxy, leaf: leaf.raw })
  } catch (error) {
    const { code, message } = (error ?? {}) as NodeJS.ErrnoException
    return unknown(
      `the host was asked, and its clock is not known: ${findPinnedFetchError(error)?.code ?? code ?? message}`,
    )
  }
  const isValidThere = verifyPath(chain.presented, { host: servername, trust, now: date }).verified !== undefined
  // Its dates say so, and so does its clock.
  const isOursWrong = chain.path.verified === undefined && isValidThere
  return { isKnown: true, date, aheadMs: now - date, isOursWrong }
}

function isRefused(facts: Known): boolean {
  const { chain, policy } = facts
  if (chain === undefined || policy === undefined) return false
  // A policy that can't be read lets nothing out.
  if (policy.policy === undefined) return true
  return verdictOn({ ...facts, judgedAt: chain.timelessAt }, chain.proven)?.decision === 'refuse'
}

function unknown(reason: string): HostClock {
  return { isKnown: false, reason }
}
