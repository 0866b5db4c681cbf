/** A worker, seen from the run: started, asked, and given up when it takes too long. */

import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { Answer, Order } from './worker.ts'

/** Why a worker gave no answer. */
export type Silence = { readonly is: 'hung' } | { readonly is: 'died' }

export interface ChildGround {
  /** The copy of the project that holds the mutated code. */
  readonly project: string
  /** Relative to it. */
  readonly mutatedFiles: readonly string[]
}

/** Loading every test mints certificates and makes keys, ms. */
const START_LIMIT_MS = 120_000

export class Child {
  readonly #process: ChildProcess
  readonly started: Promise<Answer | Silence>

  /** @param mutant at work from the beginning; unset: none, until one is ordered */
  constructor({ project, mutatedFiles }: ChildGround, testFiles: readonly string[], mutant?: string) {
    this.#process = fork(join(project, 'test/hostile/mutation/worker.ts'), [...testFiles], {
      cwd: project,
      execArgv: ['--conditions=@pinned-fetch/source', '--no-warnings'],
      env: {
        ...process.env,
        MUTATED_FILES: mutatedFiles.map((file) => join(project, file)).join(':'),
        ...(mutant === undefined ? {} : { __STRYKER_ACTIVE_MUTANT__: mutant }),
      },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    this.started = this.#answer(START_LIMIT_MS)
  }

  ask(order: Order, limitMs: number): Promise<Answer | Silence> {
    const answer = this.#answer(limitMs)
    this.#process.send(order, () => {})
    return answer
  }

  get isAlive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null && !this.#process.killed
  }

  end(): void {
    this.#process.kill('SIGKILL')
  }

  #answer(limitMs: number): Promise<Answer | Silence> {
    const child = this.#process
    return new Promise((resolve) => {
      const done = (answer: Answer | Silence) => {
        clearTimeout(timer)
        child.removeAllListeners()
        child.on('error', () => {})
        resolve(answer)
      }
      const timer = setTimeout(() => {
        child.kill('SIGKILL')
        done({ is: 'hung' })
      }, limitMs)
      if (!this.isAlive) return done({ is: 'died' })
      child.once('message', done as (message: unknown) => void)
      child.once('exit', () => done({ is: 'died' }))
      child.once('error', () => done({ is: 'died' }))
    })
  }
}
