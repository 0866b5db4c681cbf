/**
 * A portion of a suite's cases, run in a child process, and the outcomes that come back.
 *
 * The child's clock stands still at the instant that its cases are about, by libfaketime (Debian package `faketime`);
 * a clock of our own would not reach OpenSSL, which refuses first. Monotonic time goes on, so timers work.
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ServedCase } from './cases.ts'
import type { Answer } from './clients.ts'

export interface Portion {
  readonly cases: readonly ServedCase[]
  /** Unset: the real clock. */
  readonly instant: string | undefined
}

/** What the guard made of a call, and what the server saw of it. */
export interface GuardAnswer extends Answer {
  readonly bytes: number
  readonly requests: number
}

export interface SurfaceOutcome {
  readonly surface: string
  /** With a pin for every key of the case. */
  readonly pinned: GuardAnswer
  /** With the pin of a stranger alone. */
  readonly stranger: GuardAnswer
}

export interface Outcome {
  readonly id: string
  readonly expected: 'accepted' | 'refused'
  readonly pathological: boolean
  readonly nodeAlone: Answer
  /** `pinnedAgent` first. */
  readonly surfaces: readonly SurfaceOutcome[]
}

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url))

const [fakeTime] = globSync('/usr/lib/*/faketime/libfaketime.so.1')

/** Why cases of another time can't run here, or `false`: what `skip` takes. */
export const noFakeTime: string | false =
  fakeTime === undefined && 'SKIPPED: libfaketime is missing: sh test/support/packages.sh faketime'

/** @throws when the child ends before it told every outcome, naming the case it was at */
export async function runPortion(portion: Portion): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const env = portion.instant === undefined ? process.env : { ...process.env, ...clockStandsAt(portion.instant) }
  const child = fork(CHILD, { env, execArgv: [], serialization: 'advanced' })
  child.on('message', (outcome: Outcome) => outcomes.push(outcome))
  child.send(portion)
  const [code, signal] = await once(child, 'close')
  const { length } = outcomes
  if (code !== 0 || length !== portion.cases.length) {
    throw new Error(`the child ended with ${code ?? signal} at ${portion.cases[length]?.id ?? 'its end'}`)
  }
  return outcomes
}

function clockStandsAt(instant: string): NodeJS.ProcessEnv {
  if (fakeTime === undefined) throw new Error(String(noFakeTime))
  return {
    LD_PRELOAD: fakeTime,
    TZ: 'UTC',
    FAKETIME: instant.replace(/\+00:00$/, '').replace('T', ' '),
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
  }
}
