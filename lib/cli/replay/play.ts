/**
 * The verdict on each recorded chain, at its own date: by the verifier and the judge that a guard asks.
 *
 * Every entry is taken as enforced: the question is what the pins would have done, and mode "report" has no outage.
 */

import { judge } from '../../judge.ts'
import { callTo } from '../../net/call.ts'
import { type Policy, parsePolicy } from '../../policy/document.ts'
import { formatPin } from '../../policy/pin.ts'
import { keysToPin, type Outcome, type Replay, repairsOf, replayOf, type Strategy } from '../../policy/replay.ts'
import { type PathResult, verifyPath } from '../../x509/path.ts'
import type { RecordedTrust } from './recorded-trust.ts'
import type { RecordedChain } from './recording.ts'

export interface HostReplay extends Replay {
  readonly host: string
  /** The entry that covers the host; unset: none does. */
  readonly pattern?: string
  /** What began the first outage. */
  readonly breaking?: { readonly file: string; readonly code: string; readonly pins: readonly string[] }
}

export interface StrategyReplay extends Replay {
  readonly host: string
  /** How often the pins would have broken, had each outage been answered by adding those of the new chain. */
  readonly repairs: number
}

/** A chain, its paths at its date, and the set that they end in. */
interface Verified extends RecordedChain {
  readonly path: PathResult
  readonly trustId: string
}

/** What a policy would have done to one host, nobody touching it. */
export function playPolicy(
  policy: Policy,
  host: string,
  chains: readonly RecordedChain[],
  trust: RecordedTrust,
): HostReplay {
  const entry = policy.hosts.find(host, 443)
  const judged = chains.map((chain) => {
    const set = trust.for(chain.certificates, entry)
    const path = verifyPath(chain.certificates, { host, trust: set, now: chain.seen })
    return { chain, path, ...verdictOf(policy, { ...chain, path, trustId: set.id }) }
  })
  const first = judged.find(({ outcome }) => outcome === 'refused')
  return {
    host,
    ...(entry === undefined ? {} : { pattern: entry.pattern.text }),
    ...replayOf(judged.map(({ chain: { seen }, outcome }) => ({ seen, outcome }))),
    ...(first === undefined
      ? {}
      : { breaking: { file: first.chain.file, code: first.code, pins: pinsOf(first.path) } }),
  }
}

/** The chains of one host, verified once for all strategies. */
export function verifyAll(chains: readonly RecordedChain[], trust: RecordedTrust): readonly Verified[] {
  return chains.map((chain) => {
    const set = trust.for(chain.certificates, undefined)
    const path = verifyPath(chain.certificates, { host: chain.host, trust: set, now: chain.seen })
    return { ...chain, path, trustId: set.id }
  })
}

/** What the policy would have done that one had made of the first chain. */
export function playStrategy(strategy: Strategy, host: string, chains: readonly Verified[]): StrategyReplay {
  const usable = chains.filter(({ path }) => path.verified !== undefined)
  const pins = (chain: Verified) => strategyPins(strategy, chain)
  const [first] = usable
  const accepts = (keys: readonly string[], chain: Verified) =>
    verdictOf(policyOf(host, keys), chain).outcome === 'accepted'
  const firstPins = first === undefined ? [] : pins(first)
  const sightings = chains.map(
    (chain) =>
      ({
        seen: chain.seen,
        outcome: chain.path.verified === undefined ? 'invalid' : accepts(firstPins, chain) ? 'accepted' : 'refused',
      }) as const,
  )
  return { host, ...replayOf(sightings), repairs: repairsOf(usable, pins, accepts) }
}

function strategyPins(strategy: Strategy, { path }: Verified): readonly string[] {
  const [shortest] = path.verified?.paths ?? []
  return shortest === undefined ? [] : keysToPin(strategy, shortest)
}

function policyOf(host: string, keys: readonly string[]): Policy {
  return parsePolicy({ version: 1, hosts: { [host]: { pins: keys.map(formatPin) } } })
}

function verdictOf(policy: Policy, { host, path, trustId, seen }: Verified): { outcome: Outcome; code: string } {
  if (path.verified === undefined) return { outcome: 'invalid', code: 'ERR_PATH_NOT_VERIFIED' }
  const verdict = judge({ policy, mode: 'enforce' }, callTo('https:', host, 443), { path, trustId }, seen)
  return verdict.decision === 'accept'
    ? { outcome: 'accepted', code: '' }
    : { outcome: 'refused', code: verdict.error.code }
}

function pinsOf(path: PathResult): string[] {
  const paths = path.verified?.paths ?? []
  return [...new Set(paths.flatMap(({ certificates }) => certificates.map(({ keyHash }) => formatPin(keyHash))))]
}
