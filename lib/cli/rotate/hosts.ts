/**
 * What a policy says of each of its hosts, as the steps of a rotation tell it. The look and the verdict are lib/watch's, and
 * apart, so that one handshake can be judged under the policy of now and under the next one.
 */

import type { Call } from '../../judge.ts'
import { authority } from '../../net/proxy/address.ts'
import type { Policy } from '../../policy/document.ts'
import { checkHost } from '../../watch/host-check.ts'
import type { Sighting } from '../../watch/look.ts'
import { type Targets, targetsOf } from '../../watch/target.ts'
import { liveLook } from '../hosts/look.ts'
import { callOf } from '../hosts/probe.ts'
import { table } from '../table.ts'
import type { Context } from '../verb.ts'
import type { LookOptions } from './options.ts'

/** What a policy says of a sighting. */
export interface HostReport {
  /** `host:port` */
  readonly host: string
  readonly pattern: string | undefined
  readonly passes: boolean
  /** The pin that matched. */
  readonly pin: string | undefined
  readonly name: string | undefined
  /** Only a pin that is not the first of its list matched. */
  readonly isBackup: boolean
  /** The code of ours, of Node, or of the network. */
  readonly code: string | undefined
  /** Why it does not pass. */
  readonly problem: string | undefined
}

/** Where a policy, or some of its patterns, can be looked at: exact hosts, and those that `--host` names. */
export function placesOf(policy: Policy, { host = [] }: LookOptions, patterns?: readonly string[]): Targets {
  return targetsOf(policy, { named: host.map(callOf), patterns })
}

/** @param policy says which roots a host is looked at with */
export async function look(
  calls: readonly Call[],
  policy: Policy,
  { ca, proxy, address }: LookOptions,
  { world, voice }: Context,
): Promise<readonly Sighting[]> {
  const take = await liveLook({ ca, proxy, address: address === undefined ? [] : [address] }, world)
  return await voice.during(`looking at ${calls.length} hosts`, () => take(policy, calls, { now: world.now() }))
}

export function reportOf(sighting: Sighting, policy: Policy, now: number): HostReport {
  const { state, pattern, matched, isDrifted = false, code, problem } = checkHost({ policy }, sighting, now)
  return {
    host: authority(sighting.call),
    pattern,
    passes: state === 'accepted',
    pin: matched?.pin,
    name: matched?.name,
    isBackup: isDrifted,
    code,
    problem,
  }
}

/** A table of what passes, and below it the whole message for each that does not. */
export function textOfReports(reports: readonly HostReport[], { voice }: Context): string {
  const rows = reports.map(({ host, passes, pin, name, isBackup, code }) => [
    passes ? voice.style('green', 'ok') : voice.style('red', 'FAIL'),
    host,
    passes
      ? [pin ?? 'not covered', name, isBackup ? '(backup pin)' : undefined].filter(Boolean).join('  ')
      : (code ?? ''),
  ])
  const problems = reports.flatMap(({ passes, problem }) => (passes || problem === undefined ? [] : ['', problem]))
  return [table(rows), ...problems].join('\n')
}
