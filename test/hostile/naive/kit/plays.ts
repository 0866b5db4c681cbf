/**
 * What happened in a test of test/attacks when it was played against the tutorial guard, noted call by call and written
 * as a line of JSON for each test: by outcome, not by what the test asserts of our codes and events.
 */

import { AssertionError } from 'node:assert'
import { AsyncLocalStorage } from 'node:async_hooks'
import { appendFileSync } from 'node:fs'

/** Names the file that the lines are added to. */
export const PLAYS_VARIABLE = 'PINNED_FETCH_PLAYS'

export interface Play {
  /** What the attack test demands of this call. */
  readonly demanded: 'refusal' | 'answer'
  readonly wasMet: boolean
  /** In words, where the demand was not met. */
  readonly what?: string
}

export interface PlayedTest {
  /** Path from the root of the project. */
  readonly file: string
  /** With the suites that it stands in. */
  readonly name: string
  /** A test that ends the process leaves its beginning alone. */
  readonly phase: 'begun' | 'ended'
  readonly plays: readonly Play[]
  /** Why the tutorial guard can't be asked this at all. */
  readonly notApplicable?: string
  /** What the test threw, a demand that was not met aside. */
  readonly failure?: string
}

/** The test asks for something that the tutorial guard doesn't have. */
export class NotApplicable extends Error {}

/** A demand was not met: the test need not go on. */
export class NotMet extends Error {}

const current = new AsyncLocalStorage<Play[]>()

/** @throws {NotMet} when the demand was not met */
export function note(play: Play): void {
  current.getStore()?.push(play)
  if (!play.wasMet) throw new NotMet(play.what)
}

/** Runs a test and writes down what was played in it. Throws what the test throws. */
export async function noting(test: Pick<PlayedTest, 'file' | 'name'>, run: () => unknown): Promise<void> {
  const plays: Play[] = []
  write({ ...test, phase: 'begun', plays })
  let ending: Pick<PlayedTest, 'notApplicable' | 'failure'> = {}
  try {
    await current.run(plays, async () => await run())
  } catch (error) {
    ending = endingOf(error)
    throw error
  } finally {
    write({ ...test, phase: 'ended', plays, ...ending })
  }
}

function endingOf(error: unknown): Pick<PlayedTest, 'notApplicable' | 'failure'> {
  if (error instanceof NotMet) return {}
  const [message = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  return error instanceof NotApplicable ? { notApplicable: message } : { failure: message + comparedIn(error) }
}

/** What an assertion held against what. */
function comparedIn(error: unknown): string {
  if (!(error instanceof AssertionError)) return ''
  return ` ${JSON.stringify(error.actual)} instead of ${JSON.stringify(error.expected)}`
}

function write(test: PlayedTest): void {
  const file = process.env[PLAYS_VARIABLE]
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(test)}\n`)
}
