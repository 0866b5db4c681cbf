/**
 * What `rotate watch` does: a look at the hosts under the policy that is current now, and whether each serves its new key:
 * whether it would pass without the pins that the rotation leads away from.
 */

import { setTimeout as pause } from 'node:timers/promises'
import { CommandError, EXIT } from '../failure.ts'
import { wholeSecret } from '../secret/address.ts'
import type { Context, Work } from '../verb.ts'
import { type HostReport, look, placesOf, reportOf, textOfReports } from './hosts.ts'
import type { WatchOptions } from './options.ts'
import { atRotation, policyOf, refusal, type Standing } from './standing.ts'
import { outgoingOf, successorOf } from './successor.ts'

interface Watched extends HostReport {
  /** Passes without the old pins; `undefined`: the rotation takes no pin from this host. */
  readonly hasMoved: boolean | undefined
}

export const watch: Work<[string, WatchOptions]> = async (context, place, options) => {
  const seconds = secondsOf(options)
  for (;;) {
    const watched = await atRotation(place, context, (standing) => lookOnce(standing, options, context))
    const isOver = watched.every(({ passes, hasMoved }) => passes && hasMoved !== false)
    if (isOver || seconds === undefined) {
      context.voice.result(watched, textOf(watched, context))
      context.voice.say(
        isOver ? `next: pinned-fetch rotate retire ${wholeSecret(place)}` : 'not every host serves its new key yet',
      )
      return isOver ? EXIT.ok : EXIT.findings
    }
    const waiting = watched.filter(({ passes, hasMoved }) => !passes || hasMoved === false).length
    context.voice.say(`${waiting} of ${watched.length} hosts do not serve their new key yet`)
    await pause(seconds * 1000)
  }
}

async function lookOnce(standing: Standing, options: WatchOptions, context: Context): Promise<Watched[]> {
  const { rotation, secret } = standing
  if (rotation.phase !== 'promoted') {
    throw refusal(
      `secret "${secret.id}" has no promoted candidate to watch (${rotation.phase})`,
      `see pinned-fetch rotate status ${secret.id}`,
    )
  }
  const current = policyOf(standing, rotation.current)
  const outgoing = outgoingOf(standing)
  const successor = successorOf(standing, outgoing)
  const { calls } = placesOf(current.policy, options)
  const now = context.world.now()
  return (await look(calls, current.policy, options, context)).map((sighting) => {
    const report = reportOf(sighting, current.policy, now)
    const isConcerned = outgoing.some(({ pattern }) => pattern === report.pattern)
    const hasMoved = isConcerned
      ? successor !== undefined && reportOf(sighting, successor.policy, now).passes
      : undefined
    return { ...report, hasMoved }
  })
}

function textOf(watched: readonly Watched[], context: Context): string {
  const moved = watched.map(({ host, passes, hasMoved }) => {
    if (!passes) return `${host} fails under the current policy`
    if (hasMoved === undefined) return `${host} is not part of the rotation`
    return hasMoved ? `${host} serves its new key` : `${host} serves the old key still`
  })
  return [textOfReports(watched, context), ...moved].join('\n')
}

function secondsOf({ every }: WatchOptions): number | undefined {
  if (every === undefined) return undefined
  const seconds = Number(every)
  if (seconds > 0 && seconds <= 86_400) return seconds
  throw new CommandError(`--every ${every} is no time`, 'write a number of seconds, like 60', { exitCode: EXIT.usage })
}
