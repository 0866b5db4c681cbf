/**
 * What becomes of the hosts when an older policy takes the place of the current one: looked at, not guessed. A host
 * that has changed its key since then passes under the policy of now and would fail under the older one.
 *
 * A host fails only where that is seen. One that can't be asked from here is told, and so is one that fails already:
 * going back is no outage for it. One that break-glass lets through does not pass: to close the glass is not an outage.
 */

import type { Call } from '../../judge.ts'
import { authority } from '../../net/proxy/address.ts'
import type { Policy } from '../../policy/document.ts'
import { checkHost, type HostCheck } from '../../watch/host-check.ts'
import { targetsOf } from '../../watch/target.ts'
import { CommandError, EXIT } from '../failure.ts'
import type { LookOptions } from '../rotate/options.ts'
import { table } from '../table.ts'
import type { Context } from '../verb.ts'
import type { Voice } from '../voice.ts'
import { liveLook } from './look.ts'
import { plain } from './plain.ts'
import { callOf } from './probe.ts'

export interface HostOutlook {
  /** `host:port` */
  readonly host: string
  readonly becomes: 'accepted' | 'reported' | 'refused' | 'refused, as it is now' | 'not known'
  /** The pin that will match. */
  readonly pin?: string
  readonly code?: string
  readonly problem?: string
}

/** @param before unset: what is current is no policy, so no host passes by it */
export async function outlookOf(
  { before, after }: { readonly before: Policy | undefined; readonly after: Policy },
  { host = [], address, ...way }: LookOptions,
  { world, voice }: Context,
): Promise<readonly HostOutlook[]> {
  const named = host.map(callOf)
  const targets = [after, ...(before === undefined ? [] : [before])].map((policy) => targetsOf(policy, { named }))
  const calls = [...new Map(targets.flatMap((one) => one.calls).map((call) => [authority(call), call])).values()]
  for (const pattern of targets[0]?.unseen ?? []) {
    voice.say(`"${pattern}" names no host that could be asked: name one below it with --host`)
  }
  const look = await liveLook({ ...way, address: address === undefined ? [] : [address] }, world)
  const checked = async (policy: Policy, asked: readonly Call[]) => {
    const now = world.now()
    return (await look(policy, asked, { now })).map((sighting) => checkHost({ policy }, sighting, now))
  }
  return await voice.during(`looking at ${calls.length} hosts`, async () => {
    const next = await checked(after, calls)
    // Asked once more, since the policy of now may trust other roots for a host.
    const failing = calls.filter((_call, index) => next[index]?.state === 'refused')
    const present = before === undefined ? [] : await checked(before, failing)
    const passing = new Set(present.filter(({ state }) => state === 'accepted').map(placeOf))
    return next.map((check) => outlook(check, passing.has(placeOf(check))))
  })
}

/** @throws {CommandError} with exit code 4 where a host would fail that passes now */
export function refuseOutage(
  hosts: readonly HostOutlook[],
  { force = false }: { readonly force?: boolean },
  { voice }: Context,
): void {
  const failing = hosts.filter(({ becomes }) => becomes === 'refused')
  if (failing.length === 0 || force) return
  voice.say(textOfOutlook(hosts, voice))
  throw new CommandError(
    `calls to ${failing.map(({ host }) => host).join(', ')} pass now, and would fail`,
    'go on instead, with the pins of both: pinned-fetch add; --force goes back all the same',
    { exitCode: EXIT.refused },
  )
}

/** A table, and below it the whole message for each host that would fail. */
export function textOfOutlook(hosts: readonly HostOutlook[], voice: Voice): string {
  const rows = hosts.map(({ host, becomes, pin, code, problem = '' }) => {
    const why = becomes === 'not known' ? plain(problem.split('\n', 1)[0] ?? '') : (code ?? pin ?? 'not covered')
    return [becomes === 'refused' ? voice.style('red', 'FAIL') : SIGNS[becomes], host, why]
  })
  const problems = hosts.flatMap(({ becomes, problem }) => (becomes === 'refused' && problem ? ['', problem] : []))
  return [table(rows), ...problems].join('\n')
}

const SIGNS: { readonly [Becomes in HostOutlook['becomes']]: string } = {
  accepted: 'ok',
  reported: 'report',
  refused: 'FAIL',
  'refused, as it is now': 'fails now too',
  'not known': 'not known',
}

function outlook(check: HostCheck, passesNow: boolean): HostOutlook {
  const { state, matched, code, problem } = check
  const host = placeOf(check)
  if (state === 'accepted') return { host, becomes: 'accepted', ...(matched === undefined ? {} : { pin: matched.pin }) }
  const why = { ...(code === undefined ? {} : { code }), ...(problem === undefined ? {} : { problem }) }
  if (state === 'unreachable') return { host, becomes: 'not known', ...why }
  if (state === 'reported') return { host, becomes: 'reported', ...why }
  return { host, becomes: passesNow ? 'refused' : 'refused, as it is now', ...why }
}

function placeOf({ host, port }: Pick<HostCheck, 'host' | 'port'>): string {
  return authority({ host, port })
}
