/**
 * The test of a rotation: one handshake with every host, judged under the new policy as a guard would.
 *
 * A host that could not be asked fails, since nothing is known of it. A host that is only let through because its entry
 * is in mode `report`, or in `reportUntil`, passes: somebody wrote that on purpose. That the entry has expired
 * (`onExpiry`) is nobody's purpose, and fails. A wildcard that changed, and below which no host is named, fails as well.
 *
 * What passes has to pass after {@link MARGIN_MS} as well, by the same handshake: what only a date lets through that ends
 * by then, fails.
 */

import type { Call } from '../../lib/judge.ts'
import type { Policy } from '../../lib/policy/document.ts'
import { formatInstant } from '../../lib/policy/instant.ts'
import { placeOf } from '../../lib/watch/finding.ts'
import { checkHost, type HostCheck } from '../../lib/watch/host-check.ts'
import { lookAtHosts, type Sighting } from '../../lib/watch/look.ts'
import { targetsOf } from '../../lib/watch/target.ts'
import { RotationRefused } from './refusal.ts'

/**
 * What is promoted has to last so long. The promotion itself takes a minute, guards read it some minutes later, and
 * whoever is told that calls fail needs the rest to put something else there.
 */
export const MARGIN_MS = 15 * 60_000

export interface HostTest {
  readonly policy: Policy
  /** Hosts to look at beside those that the policy names. */
  readonly named: readonly Call[]
  /** Patterns of which at least one host must be seen. */
  readonly touched: readonly string[]
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly signal: AbortSignal
}

/**
 * @returns what was seen, in a few words
 * @throws {RotationRefused} with the code of the first host that fails, and every one of them in its message
 */
export async function testHosts({ policy, named, touched, now, signal }: HostTest): Promise<string> {
  const { calls, unseen } = targetsOf(policy, { named })
  const sightings = await lookAtHosts(policy, calls, { now, signal })
  refuseFailing(sightings, policy, now, 'calls would fail under it')
  const later = now + MARGIN_MS
  refuseFailing(sightings, policy, later, `calls pass now, and would fail under it by ${formatInstant(later)}`)
  refuseUnseen(unseen.filter((pattern) => touched.includes(pattern)))
  const skipped = unseen.length === 0 ? '' : `; not looked at: ${unseen.join(', ')}`
  if (calls.length > 0) return `${calls.length} of ${calls.length} hosts pass${skipped}`
  throw new RotationRefused('no-host-seen', 'it names no host that could be asked', NAME_HOSTS)
}

function refuseFailing(sightings: readonly Sighting[], policy: Policy, at: number, problem: string): void {
  const checks = sightings.map((sighting) => checkHost({ policy }, sighting, at))
  const failing = checks.filter((check) => !passes(check, policy, at))
  const [first] = failing
  if (first === undefined) return
  const lines = failing.slice(0, LINES_MAX).map((check) => `  ${lineOf(check)}`)
  const more = failing.length > LINES_MAX ? [`  and ${failing.length - LINES_MAX} more`] : []
  const hint = 'mend the host or the candidate (pinned-fetch rotate check), then rotate once more'
  throw new RotationRefused(first.code ?? 'host-refused', [`${problem}:`, ...lines, ...more].join('\n'), hint)
}

/** Hosts that are told of: the runtime writes a message down several times. */
const LINES_MAX = 20

const NAME_HOSTS = 'name hosts below its wildcards in PINNED_FETCH_PROBE_HOSTS'

function refuseUnseen(patterns: readonly string[]): void {
  if (patterns.length === 0) return
  const message = `it changes ${patterns.map((pattern) => `"${pattern}"`).join(', ')}, and no host below could be asked`
  throw new RotationRefused('no-host-seen', message, NAME_HOSTS)
}

function passes({ state, host, port }: HostCheck, policy: Policy, now: number): boolean {
  if (state !== 'reported') return state === 'accepted'
  const entry = policy.hosts.find(host, port)
  // Not covered: what is reported then is the policy's own default.
  return entry === undefined || entry.mode === 'report' || (entry.reportUntil !== undefined && now < entry.reportUntil)
}

function lineOf(check: HostCheck): string {
  const [line = ''] = (check.problem ?? '').split('\n')
  return [placeOf(check), check.state, check.code, line].filter(Boolean).join('  ')
}
