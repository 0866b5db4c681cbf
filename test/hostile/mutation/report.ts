/** What a run came to: a table for people, a result for the table of evidence, and whether it passes. */

import { type Divergence, recordResult } from '../suite-result.ts'
import type { Mutant } from './mutants.ts'
import { type Argument, argumentFor, staleOf } from './survivors.ts'
import type { Outcome } from './trials.ts'

/** More survivors than this are told by their number alone. */
const MAX_DIVERGENCES = 40

export interface Report {
  readonly outcomes: readonly Outcome[]
  /** Survivors that nobody argued for. */
  readonly open: readonly Mutant[]
  /** Arguments whose mutant does not survive, or is gone. */
  readonly stale: readonly Omit<Mutant, 'id'>[]
}

export function reportOn(files: readonly string[], outcomes: readonly Outcome[], list: readonly Argument[]): Report {
  const survivors = outcomes.filter(({ fate }) => fate === 'survived').map(({ mutant }) => mutant)
  return {
    outcomes,
    open: survivors.filter((mutant) => argumentFor(mutant, list) === undefined),
    stale: staleOf(list, files, survivors),
  }
}

export function print(files: readonly string[], { outcomes, open, stale }: Report): void {
  for (const mutant of open) console.error(`\nSURVIVED WITHOUT AN ARGUMENT  ${described(mutant)}`)
  for (const mutant of stale)
    console.error(`\nSTALE ARGUMENT, its mutant does not survive or is gone  ${described(mutant)}`)
  console.table(
    Object.fromEntries(files.map((file) => [file, countsOf(outcomes.filter(({ mutant }) => mutant.file === file))])),
  )
  console.log(
    `${outcomes.length} mutants: ${told(outcomes)}, ${open.length} of them without an argument; ` +
      `${stale.length} stale arguments`,
  )
}

/** Notes the result of a run over all files, for `npm run evidence`. */
export function record({ outcomes }: Report, list: readonly Argument[]): Promise<void> {
  const survivors = outcomes.filter(({ fate }) => fate === 'survived').map(({ mutant }) => mutant)
  const each = survivors.map(
    (mutant): Divergence => ({
      case: described(mutant),
      expected: 'killed',
      got: 'survived',
      reason: argumentFor(mutant, list)?.why ?? 'nobody has argued for it yet',
    }),
  )
  const together: Divergence = {
    case: `${survivors.length} mutants`,
    expected: 'killed',
    got: 'survived',
    reason:
      'each has its argument in test/hostile/mutation/survivors.json: it changes nothing, or nothing that matters',
  }
  return recordResult({
    suite: 'Mutation testing',
    source: 'Stryker’s instrumenter, and two kinds of mutants of our own',
    command: 'npm run test:mutation',
    cases: outcomes.length,
    expected: 'each mutant killed, or survived with a written argument',
    got: told(outcomes),
    divergences: survivors.length > MAX_DIVERGENCES ? [together] : each,
  })
}

function countsOf(outcomes: readonly Outcome[]) {
  const count = (wanted: Outcome['fate']) => outcomes.filter(({ fate }) => fate === wanted).length
  return {
    mutants: outcomes.length,
    killed: count('killed'),
    'timed out': count('timed out'),
    survived: count('survived'),
  }
}

function told(outcomes: readonly Outcome[]): string {
  const { killed, 'timed out': timedOut, survived } = countsOf(outcomes)
  return `${killed} killed, ${timedOut} timed out, ${survived} survived`
}

function described({ file, within, is, becomes }: Omit<Mutant, 'id'>): string {
  return `${file}, ${within}\n  - ${is}\n  + ${becomes}`
}
