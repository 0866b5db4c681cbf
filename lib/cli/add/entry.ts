/**
 * The entry of a policy that somebody names, and what is said when there is none.
 */

import type { HostEntry, Policy } from '../../policy/document.ts'
import type { HostPattern } from '../../policy/host.ts'
import { CommandError } from '../failure.ts'
import type { WrittenPolicy } from '../secret/document.ts'

/** The port asked about where a pattern covers all of them. */
const HTTPS_PORT = 443

export function findEntry({ hosts }: Policy, { text }: HostPattern): HostEntry | undefined {
  return [...hosts.entries()].find(({ pattern }) => pattern.text === text)
}

/** @throws {CommandError} when there is none, with the entry that covers the host instead */
export function entryOf({ policy, name }: WrittenPolicy, pattern: HostPattern): HostEntry {
  const entry = findEntry(policy, pattern)
  if (entry !== undefined) return entry
  const cover = policy.hosts.find(pattern.base, pattern.port ?? HTTPS_PORT)
  const known = [...policy.hosts.entries()].map((one) => `"${one.pattern.text}"`).join(', ')
  const hint = cover === undefined ? `it has ${known || 'none'}` : `"${cover.pattern.text}" covers it: name that`
  throw new CommandError(`${name} has no entry "${pattern.text}"`, hint)
}
