/**
 * The hosts of `PINNED_FETCH_PROBE_HOSTS`. What can't be read of it is told, and stops nothing: the exact hosts of the policy
 * are looked at all the same.
 */

import type { Call } from '../../lib/judge.ts'
import { callToPlace } from '../../lib/net/call.ts'
import type { Warning } from './warning.ts'

export interface NamedHosts {
  readonly calls: readonly Call[]
  readonly warnings: readonly Warning[]
}

/** @param text a JSON list of `host` or `host:port`; unset or empty: none */
export function namedHosts(text: string | undefined): NamedHosts {
  const places = text ? listOf(text) : []
  if (places === undefined) return { calls: [], warnings: [unreadable('is no JSON list of hosts')] }
  const read = places.map((place) => callOf(place) ?? unreadable(`holds ${JSON.stringify(place)}, which is no host`))
  return {
    calls: read.filter((one) => 'host' in one),
    warnings: read.filter((one) => 'message' in one),
  }
}

function listOf(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

function callOf(place: unknown): Call | undefined {
  try {
    return typeof place === 'string' ? callToPlace(place) : undefined
  } catch {
    return undefined
  }
}

function unreadable(problem: string): Warning {
  return { code: 'probe-hosts-unreadable', message: `PINNED_FETCH_PROBE_HOSTS ${problem}` }
}
