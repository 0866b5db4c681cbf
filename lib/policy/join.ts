/**
 * One policy out of several documents, as when `secretId` names several secrets. Joining never merges two entries and
 * never weakens a document: hosts are united, denied keys are united, the strictest default holds.
 */
import { PinnedFetchError } from '../errors.ts'
import { freezeRecord } from './frozen-record.ts'
import { freezeSet } from './frozen-set.ts'
import type { HostPattern } from './host.ts'
import { HostTable } from './host-table.ts'
import { pathOfHost } from './malformed.ts'
import type { HostEntry, Policy } from './reading.ts'

/** A policy and the name of the source that gave it. */
export interface PolicyPart {
  readonly source: string
  readonly policy: Policy
}

const STRICTEST_FIRST = ['deny', 'report', 'allow'] as const

/**
 * Joins them. Throws `ERR_POLICY_MALFORMED` when two of them have the same pattern.
 *
 * The serials of several documents are no one order, so the result has none; a single policy comes back as it is. None
 * at all makes a policy that denies everything.
 */
export function joinPolicies(parts: readonly PolicyPart[]): Policy {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return only.policy
  return freezeRecord<Policy>({
    default: STRICTEST_FIRST.find((word) => parts.some(({ policy }) => policy.default === word)) ?? 'deny',
    hosts: new HostTable(uniteHosts(parts)),
    deny: freezeSet(new Set(parts.flatMap(({ policy }) => [...policy.deny]))),
  })
}

function uniteHosts(parts: readonly PolicyPart[]): [HostPattern, HostEntry][] {
  const sourceOf = new Map<string, string>()
  const entries: [HostPattern, HostEntry][] = []
  for (const { source, policy } of parts) {
    for (const entry of policy.hosts.entries()) {
      const { text } = entry.pattern
      const earlier = sourceOf.get(text)
      if (earlier !== undefined) throw twice(text, earlier, source)
      sourceOf.set(text, source)
      entries.push([entry.pattern, entry])
    }
  }
  return entries
}

function twice(pattern: string, earlier: string, later: string): PinnedFetchError<'ERR_POLICY_MALFORMED'> {
  return new PinnedFetchError('ERR_POLICY_MALFORMED', {
    path: pathOfHost('hosts', pattern),
    problem: `is in "${earlier}" and in "${later}"`,
    repair: 'keep the entry in one of the two: entries are never merged',
    source: `"${earlier}" and "${later}"`,
  })
}
