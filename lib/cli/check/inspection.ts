/**
 * One look at all the hosts of a policy: what `check` prints, and what an audit is made of.
 */

import type { Rules } from '../../judge.ts'
import type { Policy } from '../../policy/document.ts'
import { type CheckFinding, findingsOf } from '../../watch/finding.ts'
import { checkHost, type HostCheck } from '../../watch/host-check.ts'
import { type Targets, targetsOf } from '../../watch/target.ts'
import { CommandError, EXIT, type ExitCode } from '../failure.ts'
import { callOf } from '../hosts/probe.ts'
import { parseMoment } from '../instant.ts'
import { type FoundPolicy, readPolicy } from '../policy/place.ts'
import { signatureFinding } from '../policy/signature.ts'
import type { Context } from '../verb.ts'
import type { World } from '../world.ts'
import { type EvidenceOptions, lookWith } from './evidence.ts'

/** As they were typed. */
export interface LookOptions extends EvidenceOptions {
  readonly host: readonly string[]
  readonly at?: string
  readonly concurrency: string
  readonly warnDays: string
}

export interface Inspection {
  /** The time of the verdicts, milliseconds since the epoch. */
  readonly at: number
  /** What ends in fewer days is told. */
  readonly warnDays: number
  readonly found: FoundPolicy
  readonly hosts: readonly HostCheck[]
  readonly findings: readonly CheckFinding[]
  /** Patterns of the policy that nothing was looked at for. */
  readonly unchecked: readonly string[]
}

/** @param only these hosts; empty: every exact one of the policy */
export async function inspect(
  place: string,
  only: readonly string[],
  options: LookOptions,
  { world, voice }: Context,
): Promise<Inspection> {
  const at = timeOf(options, world)
  const warnDays = wholeNumber('--warn-days', options.warnDays)
  const atOnce = Math.max(1, wholeNumber('--concurrency', options.concurrency))
  const found = await readPolicy(place, world)
  const rules: Rules = { policy: found.policy, version: found.version }
  const { calls, unseen } = targetsIn(found.policy, only, options.host)
  const look = await lookWith(options, world)
  const sightings = await voice.during(`asking ${calls.length === 1 ? '1 host' : `${calls.length} hosts`}`, () =>
    look(found.policy, calls, { now: at, atOnce }),
  )
  const hosts = sightings.map((sighting) => checkHost(rules, sighting, at))
  const ending = signatureFinding(found.signatureEnd, at, warnDays)
  return {
    at,
    warnDays,
    found,
    hosts,
    findings: [
      ...(ending === undefined ? [] : [{ ...ending, place: ending.path }]),
      ...hosts.flatMap((host) => findingsOf(host, warnDays)),
    ],
    unchecked: unseen,
  }
}

/** @throws {CommandError} when nothing is left to look at, or what was named is no host */
function targetsIn(policy: Policy, only: readonly string[], also: readonly string[]): Targets {
  const named = [...only, ...also].map(callOf)
  const targets = targetsOf(policy, { named, patterns: only.length > 0 ? [] : undefined })
  if (targets.calls.length > 0) return targets
  throw new CommandError(
    'the policy names no host exactly, and a wildcard cannot be connected to',
    'name hosts that it covers: --host api.partner.example',
    { exitCode: EXIT.usage },
  )
}

/** What to say of patterns that were passed over. */
export function uncheckedNote(unchecked: readonly string[]): string | undefined {
  if (unchecked.length === 0) return undefined
  return `not looked at: ${unchecked.map((text) => `"${text}"`).join(', ')}; name hosts that they cover with --host`
}

/** Bad news first: a host that would be refused outranks one that could not be asked. */
export function exitOf(hosts: readonly HostCheck[]): ExitCode {
  if (hosts.some(({ state }) => state === 'refused')) return EXIT.findings
  return hosts.some(({ state }) => state === 'unreachable') ? EXIT.failed : EXIT.ok
}

/** @throws {CommandError} */
export function wholeNumber(option: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new CommandError(`${option} ${text} is no number`, 'write a whole number, like 30', { exitCode: EXIT.usage })
}

function timeOf({ at, chains }: LookOptions, world: World): number {
  if (at === undefined) return world.now()
  if (chains === undefined) {
    throw new CommandError('--at goes with --chains: a live host is judged now', 'leave --at out', {
      exitCode: EXIT.usage,
    })
  }
  return parseMoment('--at', at)
}
