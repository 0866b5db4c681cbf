/**
 * A look at the hosts of a policy, and what a policy says of what was seen.
 *
 * Looking and judging are apart, so that one handshake can be judged under the policy of now and under the next one.
 * The verdict is the guard's own (judge.ts), with Node's verification before it.
 */

import { type Call, judge, type Verdict } from '../../judge.ts'
import type { Probed } from '../../net/probe.ts'
import { authority } from '../../net/proxy/address.ts'
import type { HostEntry, Policy } from '../../policy/document.ts'
import { formatPin } from '../../policy/pin.ts'
import { CommandError } from '../failure.ts'
import { callOf, probeHost } from '../hosts/probe.ts'
import { table } from '../table.ts'
import type { Context } from '../verb.ts'
import type { LookOptions } from './options.ts'

const HTTPS_PORT = 443

/** Handshakes at a time. */
const AT_ONCE = 8

/** One host as it was seen. */
export interface Sighting {
  readonly call: Call
  /** What it showed, or why it could not be asked. */
  readonly seen: Probed | Error
}

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

/** Where the entries of a policy can be looked at: its exact hosts, and those that `--host` names. */
export function placesOf(
  entries: readonly HostEntry[],
  { host = [] }: LookOptions,
): {
  readonly calls: readonly Call[]
  /** Patterns of wildcards, below which no host is named. */
  readonly unseen: readonly string[]
} {
  const exact = entries
    .filter(({ pattern }) => pattern.kind === 'exact')
    .map(({ pattern }) => callOf(authority({ host: pattern.base, port: pattern.port ?? HTTPS_PORT })))
  const named = host.map(callOf)
  const calls = new Map([...exact, ...named].map((call) => [authority(call), call]))
  const unseen = entries
    .filter(({ pattern }) => pattern.kind !== 'exact' && !named.some((call) => isBelow(call, pattern.base)))
    .map(({ pattern }) => pattern.text)
  return { calls: [...calls.values()], unseen }
}

/** @param policy says which roots a host is looked at with */
export async function look(
  calls: readonly Call[],
  policy: Policy,
  options: LookOptions,
  { world, voice }: Context,
): Promise<readonly Sighting[]> {
  const sightings: Sighting[] = []
  await voice.during(`looking at ${calls.length} hosts`, async () => {
    for (let from = 0; from < calls.length; from += AT_ONCE) {
      const some = calls.slice(from, from + AT_ONCE).map(async (call) => {
        const { anchors } = policy.hosts.find(call.host, call.port) ?? {}
        const { ca, proxy, address } = options
        const seen = await probeHost(authority(call), { ca, proxy, address, anchors }, world).catch(
          (error: Error) => error,
        )
        // A wrong option is wrong for every host.
        if (seen instanceof CommandError && seen.exitCode === 2) throw seen
        return { call, seen }
      })
      sightings.push(...(await Promise.all(some)))
    }
  })
  return sightings
}

export function reportOf({ call, seen }: Sighting, policy: Policy, now: number): HostReport {
  const host = authority(call)
  const pattern = policy.hosts.find(call.host, call.port)?.pattern.text
  const nothing = { pin: undefined, name: undefined, isBackup: false }
  const failed = (code: string | undefined, problem: string) =>
    ({ host, pattern, passes: false, ...nothing, code, problem }) satisfies HostReport
  if (seen instanceof Error) return failed(codeOf(seen), seen.message)
  if (seen.problem !== undefined) return failed(seen.problem, `Node refuses its certificate: ${seen.problem}`)
  const verdict = verdictOn(seen, call, policy, now)
  if (verdict.decision !== 'accept') return failed(verdict.error.code, verdict.error.message)
  const { pin, isBackup } = verdict
  return {
    host,
    pattern,
    passes: true,
    pin: pin && formatPin(pin.sha256),
    name: pin?.name,
    isBackup,
    code: undefined,
    problem: undefined,
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

function verdictOn(seen: Probed, call: Call, policy: Policy, now: number): Verdict {
  // What the probe verified with is what the entry demands: `anchors`, or the set for all.
  const trustId = seen.path.verified?.trustId ?? ''
  return judge({ policy }, call, { path: seen.path, trustId }, now)
}

function isBelow({ host }: Call, base: string): boolean {
  return host === base || host.endsWith(`.${base}`)
}

function codeOf(error: Error): string | undefined {
  const code = (error as NodeJS.ErrnoException).code ?? (error.cause as NodeJS.ErrnoException | undefined)?.code
  return typeof code === 'string' ? code : undefined
}
