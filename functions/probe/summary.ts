/**
 * What an invocation answers: for whoever runs the probe by hand, and for a destination of the function.
 *
 * Short: a policy of 64 KiB has at most a thousand hosts, and a destination takes 256 KiB. The reasons are in the log.
 */

import type { ProbeState } from '../../lib/events.ts'
import { placeOf } from '../../lib/watch/finding.ts'
import type { HostCheck } from '../../lib/watch/host-check.ts'

export interface Summary {
  readonly policy: {
    readonly source: string
    readonly version: string | undefined
    readonly serial: number | undefined
  }
  readonly counts: Readonly<Record<ProbeState, number>>
  readonly hosts: readonly HostLine[]
  /** Patterns that no host was looked at for. */
  readonly unseen: readonly string[]
}

export interface HostLine {
  /** `host`, or `host:port` where that is not 443. */
  readonly host: string
  readonly state: ProbeState
  readonly code?: string
  readonly isDrifted?: true
}

export function summaryOf(policy: Summary['policy'], checks: readonly HostCheck[], unseen: readonly string[]): Summary {
  const counts = { accepted: 0, reported: 0, refused: 0, unreachable: 0 }
  for (const { state } of checks) counts[state] += 1
  return { policy, counts, hosts: checks.map(lineOf), unseen }
}

function lineOf(check: HostCheck): HostLine {
  const { state, code, isDrifted } = check
  return {
    host: placeOf(check),
    state,
    ...(code === undefined ? {} : { code }),
    ...(isDrifted === undefined ? {} : { isDrifted }),
  }
}
