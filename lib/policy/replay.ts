/**
 * What pins would have done over recorded rotation, as counting: which of the chains that a host served they would have
 * refused, when it began, and how often somebody would have had to get up.
 *
 * Not here: the verdicts themselves (judge.ts), where recordings come from (cli/replay/).
 */

import type { VerifiedPath } from '../x509/path.ts'

const DAY_MS = 86_400_000

/** What became of one recorded chain. `invalid`: no path verified at its date, so that no pin was asked. */
export type Outcome = 'accepted' | 'refused' | 'invalid'

/** A chain that a host served. */
export interface Sighting {
  /** When it was first seen, milliseconds since the epoch. */
  readonly seen: number
  readonly outcome: Outcome
}

/** What pins that nobody touched would have done. */
export interface Replay {
  readonly chains: number
  readonly refused: number
  readonly invalid: number
  /** Times that the host went from accepted to refused; being refused from the first chain on is one too. */
  readonly outages: number
  /** When the first one begins, milliseconds since the epoch. */
  readonly firstOutage: number | undefined
  /** Days from the first chain to it. */
  readonly daysToFirst: number | undefined
  /** Days from the first chain to the last. */
  readonly days: number
  /** Of these, the days on which the chain that was seen last would have been accepted. */
  readonly daysCovered: number
}

/** What one would pin, seeing a chain for the first time. */
export const STRATEGIES = ['leaf', 'issuer', 'root', 'mixed'] as const

export type Strategy = (typeof STRATEGIES)[number]

/** The keys of a path that a strategy pins: canonical base64, without prefix. */
export function keysToPin(strategy: Strategy, { certificates }: VerifiedPath): readonly string[] {
  const leaf = certificates.slice(0, 1)
  const root = certificates.slice(-1)
  // A certificate that is its own anchor has no issuer but itself.
  const issuer = certificates.length > 1 ? certificates.slice(1, 2) : leaf
  const chosen = { leaf, issuer, root, mixed: [...issuer, ...root] }[strategy]
  return [...new Set(chosen.map(({ keyHash }) => keyHash))]
}

/** @param sightings in the order in which they were seen */
export function replayOf(sightings: readonly Sighting[]): Replay {
  const judged = sightings.filter(({ outcome }) => outcome !== 'invalid')
  const beginnings = judged.filter(
    ({ outcome }, index) => outcome === 'refused' && judged[index - 1]?.outcome !== 'refused',
  )
  const first = sightings[0]?.seen ?? 0
  const last = sightings.at(-1)?.seen ?? first
  const covered = judged.reduce((sum, { seen, outcome }, index) => {
    const next = judged[index + 1]?.seen ?? last
    return outcome === 'accepted' ? sum + (next - seen) : sum
  }, 0)
  return {
    chains: sightings.length,
    refused: judged.filter(({ outcome }) => outcome === 'refused').length,
    invalid: sightings.length - judged.length,
    outages: beginnings.length,
    firstOutage: beginnings[0]?.seen,
    daysToFirst: beginnings[0] === undefined ? undefined : Math.round((beginnings[0].seen - first) / DAY_MS),
    days: Math.round((last - first) / DAY_MS),
    daysCovered: Math.round(covered / DAY_MS),
  }
}

/**
 * How often the pins would have broken, had somebody added those of each chain that was refused: what a strategy costs
 * when its owner looks after it, but always a moment too late.
 *
 * @param chains in the order in which they were seen; the first makes the first pins
 */
export function repairsOf<Chain>(
  chains: readonly Chain[],
  pinsOf: (chain: Chain) => readonly string[],
  accepts: (pins: readonly string[], chain: Chain) => boolean,
): number {
  const [first, ...later] = chains
  if (first === undefined) return 0
  let pins = pinsOf(first)
  let repairs = 0
  for (const chain of later) {
    if (accepts(pins, chain)) continue
    pins = [...new Set([...pins, ...pinsOf(chain)])]
    repairs += 1
  }
  return repairs
}
