/**
 * One run over the hosts of a policy: look, judge, tell.
 */

import type { LookupFunction } from 'node:net'
import type { Observer } from '../../lib/events.ts'
import { checkHost } from '../../lib/watch/host-check.ts'
import { lookAtHosts } from '../../lib/watch/look.ts'
import { targetsOf } from '../../lib/watch/target.ts'
import { eventOf } from './event.ts'
import { namedHosts } from './named-hosts.ts'
import type { LoadedPolicy } from './policy.ts'
import { type Summary, summaryOf } from './summary.ts'
import { tellWarnings } from './warning.ts'

/** Hosts asked at a time. Most of a look is waiting, for ten seconds where nobody answers. */
const AT_ONCE = 16

export interface RunOptions {
  readonly observe: Observer
  /** Aborted when there is only time left to tell. */
  readonly signal: AbortSignal
  /** As in `net.connect`. Default: DNS. */
  readonly lookup?: LookupFunction
}

/** @param named the JSON list of hosts that wildcards cover, as it was configured */
export async function runProbe(
  { policy, source, version }: LoadedPolicy,
  named: string | undefined,
  { observe, signal, lookup }: RunOptions,
): Promise<Summary> {
  const now = Date.now()
  const { calls: extra, warnings } = namedHosts(named)
  const { calls, unseen } = targetsOf(policy, { named: extra })
  const sightings = await lookAtHosts(policy, calls, { now, lookup, signal, atOnce: AT_ONCE })
  const checks = sightings.map((sighting) => {
    const check = checkHost({ policy, version }, sighting, now)
    // At once: what is told is told, whatever happens to the function later.
    observe(eventOf(policy, sighting, check, now))
    return check
  })
  tellWarnings({ policy, source, checks, unseen, others: warnings }, now, observe)
  return summaryOf({ source, version, serial: policy.serial }, checks, unseen)
}
