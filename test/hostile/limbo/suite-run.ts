/**
 * Runs a suite, or every so many-th case of it, in a few child processes: one portion for each instant that cases are
 * about, and what runs at the real clock in as many as there are cores.
 */

import { availableParallelism } from 'node:os'
import { absent } from '../../x509/real-chains.ts'
import { BETTER_TLS, betterTlsInstant, instantOf, type ServedCase, type Suite, servedCases } from './cases.ts'
import { noFakeTime, type Outcome, type Portion, runPortion } from './portion.ts'

export interface Ran {
  readonly outcomes: readonly Outcome[]
  /** Cases of another time, on a machine whose clock can't be set for a process. */
  readonly withoutClock: number
}

export interface SuiteRun extends Ran {
  readonly suite: Suite
}

/** Why a suite can't run on this machine at all, or `false`: what `skip` takes. */
export function unableToRun(suite: Suite): string | false {
  return absent(suite.file) || (suite === BETTER_TLS && betterTlsInstant() !== undefined && noFakeTime)
}

export async function runSuite(suite: Suite, selected: (position: number) => boolean = () => true): Promise<SuiteRun> {
  return { suite, ...(await runCases(servedCases(suite).filter((_, position) => selected(position)))) }
}

export async function runCases(cases: readonly ServedCase[]): Promise<Ran> {
  const able = cases.filter((limbo) => instantOf(limbo) === undefined || !noFakeTime)
  const waiting = portionsOf(able)
  const outcomes: Outcome[] = []
  const worker = async () => {
    for (let portion = waiting.pop(); portion !== undefined; portion = waiting.pop()) {
      outcomes.push(...(await runPortion(portion)))
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  return { outcomes, withoutClock: cases.length - able.length }
}

/** The largest last, where the workers begin. */
function portionsOf(cases: readonly ServedCase[]): Portion[] {
  const portions: Portion[] = []
  for (const [instant, ofInstant] of Map.groupBy(cases, instantOf)) {
    const parts = instant === undefined ? availableParallelism() : 1
    for (let part = 0; part < parts; part++) {
      const own = ofInstant.filter((_, position) => position % parts === part)
      if (own.length > 0) portions.push({ cases: own, instant })
    }
  }
  return portions.sort((left, right) => left.cases.length - right.cases.length)
}
