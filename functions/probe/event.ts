/**
 * What a look at one host tells the outside.
 */

import type { GuardEvent } from '../../lib/events.ts'
import { daysToCertificateExpiry, daysToPinExpiry } from '../../lib/net/expiry.ts'
import type { Policy } from '../../lib/policy/document.ts'
import { daysUntil } from '../../lib/policy/instant.ts'
import type { HostCheck } from '../../lib/watch/host-check.ts'
import type { Sighting } from '../../lib/watch/look.ts'

export function eventOf(policy: Policy, { path }: Sighting, check: HostCheck, now: number): GuardEvent {
  const { host, port, pattern, state, code, problem, matched, isDrifted = false, unseenPins } = check
  const entry = policy.hosts.find(host, port)
  return {
    type: 'host-probed',
    host,
    port,
    pattern,
    state,
    code,
    message: problem,
    pin: matched?.pin,
    pinName: matched?.name,
    isDrifted,
    unseenPins,
    daysToPinExpiry: entry && daysToPinExpiry(entry, now),
    daysToCertificateExpiry: path?.verified && daysToCertificateExpiry(path.verified, now),
    daysToEntryExpiry: entry?.expires === undefined ? undefined : daysUntil(entry.expires, now),
  }
}
