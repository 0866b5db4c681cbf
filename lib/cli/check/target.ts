/**
 * Which hosts of a policy are looked at: every exact one, and those that somebody names, since a wildcard is no host.
 */

import type { Call } from '../../judge.ts'
import { callToPlace } from '../../net/call.ts'
import { authority } from '../../net/proxy/address.ts'
import type { HostEntry, Policy } from '../../policy/document.ts'
import { CommandError, EXIT } from '../failure.ts'
import { callOf } from '../hosts/probe.ts'

export interface TargetRequest {
  /** Only these. */
  readonly only: readonly string[]
  /** These as well. */
  readonly also: readonly string[]
}

export interface Targets {
  /** Each place once. */
  readonly calls: readonly Call[]
  /** Patterns that none of the calls is covered by: nothing is known of them. */
  readonly unchecked: readonly string[]
}

/** @throws {CommandError} when nothing is left to look at, or what was named is no host */
export function targetsOf({ hosts }: Policy, { only, also }: TargetRequest): Targets {
  const entries = [...hosts.entries()]
  const exact = only.length > 0 ? [] : entries.filter(isExact).map(({ pattern }) => callToPlace(pattern.text))
  const calls = [
    ...new Map([...exact, ...[...only, ...also].map(callOf)].map((call) => [authority(call), call])).values(),
  ]
  if (calls.length === 0) {
    throw new CommandError(
      'the policy names no host exactly, and a wildcard cannot be connected to',
      'name hosts that it covers: --host api.partner.example',
      { exitCode: EXIT.usage },
    )
  }
  const covering = new Set(calls.map(({ host, port }) => hosts.find(host, port)))
  const unchecked = only.length > 0 ? [] : entries.filter((entry) => !covering.has(entry))
  return { calls, unchecked: unchecked.map(({ pattern }) => pattern.text) }
}

function isExact({ pattern }: HostEntry): boolean {
  return pattern.kind === 'exact'
}
