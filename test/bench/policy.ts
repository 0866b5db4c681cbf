/** What a policy costs: to parse the longest that a secret can hold, and to find a host in a small and in a large one. */

import { randomBytes } from 'node:crypto'
import { parsePolicy } from '../../lib/index.ts'

/** The longest value of a secret, in bytes (Secrets Manager quotas). */
const SECRET_MAX = 65_536
const PARSES = 60
const LOOKUPS = 200_000
const REPEATS = 15

export interface PolicyCosts {
  readonly bytes: number
  readonly hosts: number
  /** Milliseconds to parse it from the decoded value, one by one. */
  readonly parse: readonly number[]
  /** Microseconds for one lookup among 10 and among 10,000 hosts, one value for every {@link LOOKUPS}. */
  readonly lookupFew: readonly number[]
  readonly lookupMany: readonly number[]
}

export function measurePolicy(): PolicyCosts {
  const { text, hosts } = longestDocument()
  const document: unknown = JSON.parse(text)
  const parse = Array.from({ length: PARSES }, () => timed(() => parsePolicy(document)))
  const [few, many] = [10, 10_000].map((count) => parsePolicy(documentOf(count)).hosts)
  const lookupFew: number[] = []
  const lookupMany: number[] = []
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    lookupFew.push(lookups((host) => few?.find(host, 443), 10))
    lookupMany.push(lookups((host) => many?.find(host, 443), 10_000))
  }
  return { bytes: Buffer.byteLength(text), hosts, parse, lookupFew, lookupMany }
}

function lookups(find: (host: string) => unknown, count: number): number {
  const names = Array.from({ length: 64 }, (_, index) => hostName((index * 151) % count))
  let missing = 0
  const ms = timed(() => {
    for (let lookup = 0; lookup < LOOKUPS; lookup++) if (find(names[lookup & 63] ?? '') === undefined) missing += 1
  })
  if (missing > 0) throw new Error(`${missing} hosts were not found`)
  return (ms * 1000) / LOOKUPS
}

function longestDocument(): { readonly text: string; readonly hosts: number } {
  let hosts = 1
  let text = ''
  for (;;) {
    const longer = JSON.stringify(documentOf(hosts + 1))
    if (Buffer.byteLength(longer) > SECRET_MAX) return { text, hosts }
    hosts += 1
    text = longer
  }
}

function documentOf(count: number): Record<string, unknown> {
  const hosts = Array.from({ length: count }, (_, index) => [hostName(index), { pins: [pin(), pin()] }])
  return { version: 1, hosts: Object.fromEntries(hosts) }
}

function hostName(index: number): string {
  return `api-${index}.partner.example`
}

function pin(): string {
  return `sha256/${randomBytes(32).toString('base64')}`
}

function timed(work: () => unknown): number {
  const startedAt = performance.now()
  work()
  return performance.now() - startedAt
}
