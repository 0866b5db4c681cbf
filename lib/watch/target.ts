/**
 * Where a policy can be looked at: its exact hosts, and those that somebody names, since a wildcard is no host.
 */

import type { Call } from '../judge.ts'
import { callTo } from '../net/call.ts'
import { authority } from '../net/proxy/address.ts'
import type { HostEntry, Policy } from '../policy/document.ts'

export interface TargetOptions {
  /** Hosts beside the exact ones, such as those that wildcards cover. */
  readonly named?: readonly Call[]
  /** Only the entries of these patterns. Default: all. */
  readonly patterns?: readonly string[] | undefined
}

export interface Targets {
  /** Each place once. */
  readonly calls: readonly Call[]
  /** Patterns that cover none of the calls: nothing will be known of them. */
  readonly unseen: readonly string[]
}

export function targetsOf({ hosts }: Policy, { named = [], patterns }: TargetOptions = {}): Targets {
  const entries = [...hosts.entries()].filter(({ pattern }) => patterns?.includes(pattern.text) ?? true)
  const exact = entries.flatMap((entry) => callOf(entry) ?? [])
  const calls = [...new Map([...exact, ...named].map((call) => [authority(call), call])).values()]
  const covering = new Set(calls.map(({ host, port }) => hosts.find(host, port)))
  return { calls, unseen: entries.filter((entry) => !covering.has(entry)).map(({ pattern }) => pattern.text) }
}

/** An entry for every port is looked at where HTTPS is. */
function callOf({ pattern: { kind, base, port } }: HostEntry): Call | undefined {
  return kind === 'exact' ? callTo('https:', base, port) : undefined
}
