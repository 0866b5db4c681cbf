/**
 * Tries every mutant: first in long-lived workers against the tests that pass by it, then, if it still lives and is at
 * work while modules load, in a process of its own where it is at work from the beginning.
 */

import { Child, type ChildGround } from './child.ts'
import type { Mutant } from './mutants.ts'
import type { Answer, BaselineTest } from './worker.ts'

export interface Outcome {
  readonly mutant: Mutant
  readonly fate: 'killed' | 'timed out' | 'survived'
  /** The test that failed. */
  readonly by?: string | undefined
}

/** Where mutants are tried. */
export interface Ground extends ChildGround {
  readonly testFiles: readonly string[]
  /** Workers at a time. */
  readonly workers: number
}

/** Passes of the mutated place in one test, in times of the most that is usual, and besides; more is an endless loop. */
const HIT_FACTOR = 20
const HIT_ALLOWANCE = 1_000

/** Time of the tests, in times of the usual, and besides, ms. */
const TIME_FACTOR = 10
const TIME_ALLOWANCE_MS = 30_000

type Baseline = Extract<Answer, { is: 'baseline' }>

export async function tryAll(mutants: readonly Mutant[], ground: Ground, tell: (outcome: Outcome) => void) {
  const first = await startedChild(ground)
  const baseline = await baselineOf(first)
  const queue = [...mutants]
  const left: { readonly mutant: Mutant; readonly testFiles: readonly string[] }[] = []
  const workers = Array.from({ length: ground.workers }, async (_, index) => {
    let child = index === 0 ? first : await startedChild(ground)
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      let outcome = await tried(mutant, child, baseline)
      if (outcome === 'poisoned' || !child.isAlive) child = await replaced(child, ground)
      if (outcome === 'poisoned') {
        const again = await tried(mutant, child, baseline)
        child = await replaced(child, ground)
        outcome = again === 'poisoned' ? { mutant, fate: 'killed', by: 'a test that it breaks for good' } : again
      }
      const testFiles = outcome.fate === 'survived' ? filesThatLoad(mutant, baseline, mutants) : []
      if (testFiles.length > 0) left.push({ mutant, testFiles })
      else tell(outcome)
    }
    child.end()
  })
  await Promise.all(workers)
  await Promise.all(
    Array.from({ length: ground.workers }, async () => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const child = new Child(ground, next.testFiles, next.mutant.id)
        tell(outcomeOf(next.mutant, await child.started))
        child.end()
      }
    }),
  )
}

async function startedChild(ground: Ground): Promise<Child> {
  const child = new Child(ground, ground.testFiles)
  const { is } = await child.started
  if (is !== 'ready') throw new Error(`the tests can't be loaded: the worker ${is}`)
  return child
}

function replaced(child: Child, ground: Ground): Promise<Child> {
  child.end()
  return startedChild(ground)
}

async function baselineOf(child: Child): Promise<Baseline> {
  const answer = await child.ask({ tests: [] }, 300_000)
  if (answer.is !== 'baseline') throw new Error(`the tests can't be run: the worker ${answer.is}`)
  const failing = answer.tests.filter(({ failure }) => failure !== undefined)
  if (failing.length > 0) {
    throw new Error(
      `tests fail without a mutant:\n${failing.map(({ name, failure }) => `${name}: ${failure}`).join('\n')}`,
    )
  }
  return answer
}

async function tried(mutant: Mutant, child: Child, { tests }: Baseline): Promise<Outcome | 'poisoned'> {
  const passing = [...tests.entries()]
    .filter(([, { hits }]) => hits[mutant.id] !== undefined)
    .sort(([, left], [, right]) => left.ms - right.ms)
  if (passing.length === 0) return { mutant, fate: 'survived' }
  const sum = (of: (test: BaselineTest) => number) => passing.reduce((total, [, test]) => total + of(test), 0)
  const answer = await child.ask(
    {
      mutant: mutant.id,
      tests: passing.map(([index]) => index),
      hitLimit: Math.max(...passing.map(([, { hits }]) => hits[mutant.id] ?? 0)) * HIT_FACTOR + HIT_ALLOWANCE,
    },
    sum(({ ms }) => ms) * TIME_FACTOR + TIME_ALLOWANCE_MS,
  )
  return answer.is === 'result' && answer.poisoned ? 'poisoned' : outcomeOf(mutant, answer)
}

/** A test that never ends has noticed, and so has one that ends the process. */
function outcomeOf(mutant: Mutant, answer: Awaited<Child['started']>): Outcome {
  if (answer.is === 'hung') return { mutant, fate: 'timed out' }
  if (answer.is === 'died') return { mutant, fate: 'killed', by: 'the end of the process' }
  if (answer.is !== 'result') throw new Error(`a worker answered "${answer.is}" to a mutant`)
  return answer.killedBy === undefined ? { mutant, fate: 'survived' } : { mutant, fate: 'killed', by: answer.killedBy }
}

/**
 * The test files to run with a mutant at work from the beginning, the likeliest to fail first: those that pass by
 * anything in its file. None for a mutant that the tests passed by while they ran: that trial was as good.
 */
function filesThatLoad(mutant: Mutant, { atImport, tests }: Baseline, all: readonly Mutant[]): string[] {
  const isPassedInTests = tests.some(({ hits }) => hits[mutant.id] !== undefined)
  if (isPassedInTests && !atImport['']?.includes(mutant.id)) return []
  const places = new Set(all.filter(({ file }) => file === mutant.file).map(({ id }) => id))
  const loading = Object.keys(atImport).filter((name) => name !== '' && atImport[name]?.some((id) => places.has(id)))
  const running = tests.filter(({ hits }) => Object.keys(hits).some((id) => places.has(id))).map(({ file }) => file)
  const stem = mutant.file.replace(/^lib\//, 'test/').replace(/\.ts$/, '')
  return [...new Set([...loading, ...running])].sort(
    (left, right) => Number(right.includes(stem)) - Number(left.includes(stem)),
  )
}
