/**
 * What every case must keep, whatever it tries: each promise as the list of those that break it.
 */

import { listErrors } from './divergences.ts'
import type { Outcome, SurfaceOutcome } from './portion.ts'

export interface Promised {
  readonly sentence: string
  /** Empty when it is kept. */
  readonly broken: (outcomes: readonly Outcome[]) => readonly string[]
}

/** The longest that a call may take for a case made to take long, ms: the one limit in time that the issue demands. */
const PATHOLOGICAL_LIMIT_MS = 1_000

const PIN_MISMATCH = 'ERR_PIN_MISMATCH'

export const PROMISES: readonly Promised[] = [
  {
    sentence: 'nothing is accepted that Node alone refuses',
    broken: eachCall(({ nodeAlone }, { pinned }) => pinned.accepted && !nodeAlone.accepted),
  },
  {
    sentence: 'no case is lost that should pass and that Node alone passes',
    broken: eachCall(({ expected, nodeAlone }, { pinned }) => {
      return expected === 'accepted' && nodeAlone.accepted && !pinned.accepted
    }),
  },
  {
    sentence: 'with a pin for every key, no pin is the reason of a refusal',
    broken: eachCall((_, { pinned }) => pinned.code === PIN_MISMATCH),
  },
  {
    sentence: "with a stranger's pin nothing is accepted, and what its own pins passed fails by the pin",
    broken: eachCall((_, { pinned, stranger }) => {
      return stranger.accepted || (pinned.accepted && stranger.code !== PIN_MISMATCH)
    }),
  },
  {
    sentence: 'the server sees no byte of a refused call, and one request of an accepted one',
    broken: eachCall((_, { pinned, stranger }) =>
      [pinned, stranger].some(({ accepted, bytes, requests }) =>
        accepted ? requests !== 1 || bytes === 0 : requests !== 0 || bytes !== 0,
      ),
    ),
  },
  {
    sentence: 'every surface answers alike',
    broken: eachCall(({ surfaces: [first] }, { pinned }) => pinned.accepted !== first?.pinned.accepted),
  },
  {
    sentence: `no case that was made to take long takes longer than ${PATHOLOGICAL_LIMIT_MS} ms`,
    broken: eachCall(({ pathological }, { pinned, stranger }) => {
      return pathological && Math.max(pinned.took, stranger.took) > PATHOLOGICAL_LIMIT_MS
    }),
  },
  {
    sentence: 'what is answered otherwise than expected is listed with a reason, and what is listed is so',
    broken: (outcomes) =>
      listErrors(
        'guard',
        outcomes.map((outcome) => ({ id: outcome.id, expected: outcome.expected, got: resultOf(outcome) })),
      ),
  },
]

export function resultOf({ surfaces }: Outcome): 'accepted' | 'refused' {
  return surfaces[0]?.pinned.accepted ? 'accepted' : 'refused'
}

/** Where the guard is stricter than Node alone. */
export function stricterThanNode(outcomes: readonly Outcome[]): Outcome[] {
  return outcomes.filter((outcome) => outcome.nodeAlone.accepted && resultOf(outcome) === 'refused')
}

function eachCall(isBroken: (outcome: Outcome, call: SurfaceOutcome) => boolean): Promised['broken'] {
  return (outcomes) =>
    outcomes.flatMap((outcome) =>
      outcome.surfaces.flatMap((call) => (isBroken(outcome, call) ? [told(outcome, call)] : [])),
    )
}

function told({ id, expected, nodeAlone }: Outcome, { surface, pinned, stranger }: SurfaceOutcome): string {
  const answers = Object.entries({ 'Node alone': nodeAlone, pinned, stranger }).map(
    ([name, { accepted, code, took }]) => `${name}: ${accepted ? 'accepted' : code} in ${Math.round(took)} ms`,
  )
  return `${id} (${expected} expected) by ${surface}: ${answers.join(', ')}`
}
