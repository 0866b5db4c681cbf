/**
 * What `replay` does: play the recordings, and tell the outages; it ends with 1 when a policy would have had one.
 */

import { STRATEGIES, type Strategy } from '../../policy/replay.ts'
import { CommandError, EXIT, type ExitCode } from '../failure.ts'
import { readPolicy } from '../policy/place.ts'
import type { Context, Work } from '../verb.ts'
import { type HostReplay, playPolicy, playStrategy, type StrategyReplay, verifyAll } from './play.ts'
import { RecordedTrust } from './recorded-trust.ts'
import { readRecordings } from './recording.ts'
import { factsOf, policyText, strategiesText } from './text.ts'

export interface ReplayOptions {
  readonly strategy?: Strategy | 'all'
}

export const replay: Work<[string[], ReplayOptions]> = async (context, places, { strategy }) => {
  if (strategy !== undefined) return replayStrategies(context, places, strategy === 'all' ? STRATEGIES : [strategy])
  const [policy, ...chains] = places
  if (policy === undefined || chains.length === 0) {
    throw new CommandError(
      'there is a policy, and no chains',
      'name the folder of the chains, or give --strategy all',
      {
        exitCode: EXIT.usage,
      },
    )
  }
  return replayPolicy(context, policy, chains)
}

async function replayPolicy({ world, voice }: Context, place: string, chains: readonly string[]): Promise<ExitCode> {
  const { name, policy } = await readPolicy(place, world)
  const recordings = await readRecordings(chains, world)
  const trust = new RecordedTrust()
  const hosts = await voice.during('playing', async () => {
    const played: HostReplay[] = []
    for (const [host, recorded] of recordings) {
      // An uncovered host has no pins to break.
      if (policy.hosts.find(host, 443) !== undefined) played.push(playPolicy(policy, host, recorded, trust))
      await pause()
    }
    return played
  })
  const uncovered = [...recordings.keys()].filter((host) => policy.hosts.find(host, 443) === undefined)
  voice.result({ hosts: hosts.map(factsOf), uncovered }, policyText(hosts))
  if (uncovered.length > 0) voice.say(`no entry of ${name} covers: ${uncovered.join(', ')}`)
  return hosts.some(({ outages }) => outages > 0) ? EXIT.findings : EXIT.ok
}

async function replayStrategies(
  { world, voice }: Context,
  places: readonly string[],
  strategies: readonly Strategy[],
): Promise<ExitCode> {
  const recordings = await readRecordings(places, world)
  const trust = new RecordedTrust()
  const played = await voice.during('playing', async () => {
    const results = new Map<Strategy, StrategyReplay[]>(strategies.map((strategy) => [strategy, []]))
    for (const [host, recorded] of recordings) {
      const verified = verifyAll(recorded, trust)
      for (const [strategy, hosts] of results) hosts.push(playStrategy(strategy, host, verified))
      await pause()
    }
    return results
  })
  const facts = Object.fromEntries([...played].map(([strategy, hosts]) => [strategy, hosts.map(factsOf)]))
  voice.result(facts, strategiesText(played))
  return EXIT.ok
}

/** Lets the voice speak: all the rest is arithmetic. */
function pause(): Promise<void> {
  return new Promise(setImmediate)
}
