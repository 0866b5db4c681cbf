/**
 * Shows that the attack tests bite: takes one check out of the code at a time and demands that a test fails.
 *
 * Each `*.json` beside this file lists mutations: the check, the exact source text, what to put in its place, and the
 * tests that must then fail. The project is copied to a temporary folder for that; nothing here is changed. A mutation
 * whose text is gone, or that no test notices, fails the run.
 *
 * Usage: npm run test:taken-out [-- row …]
 */

import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

interface Mutation {
  /** The row of the table of attacks. */
  readonly row: number
  /** The check that is taken out, in a sentence. */
  readonly check: string
  readonly file: string
  /** Text that stands exactly once in `file`. */
  readonly replace: string
  readonly with: string
  /** Why the check needs a test below the connection, where it does. */
  readonly note?: string
  /** Test files of which at least one must fail. */
  readonly fails: readonly string[]
}

interface Outcome {
  readonly mutation: Mutation
  /** Why the mutation was not noticed; `undefined` when it was. */
  readonly problem: string | undefined
}

const PROJECT = resolve(import.meta.dirname, '../../..')

/** A test that hangs because its check is gone has noticed, ms. */
const TEST_LIMIT_MS = 120_000

const COPIED = ['lib', 'functions', 'infra', 'test', 'package.json', 'tsconfig.json', 'cdk.json']

async function main(rows: readonly string[]): Promise<number> {
  const mutations = readMutations().filter(({ row }) => rows.length === 0 || rows.includes(String(row)))
  const outcomes: Outcome[] = []
  const queue = [...mutations]
  await Promise.all([worker(queue, outcomes), worker(queue, outcomes)])
  const missed = outcomes.filter(({ problem }) => problem !== undefined)
  for (const { mutation, problem } of missed) {
    console.error(`\nnot noticed: row ${mutation.row}, ${mutation.check}\n  ${mutation.file}: ${problem}`)
  }
  console.log(
    `\n${outcomes.length - missed.length} of ${outcomes.length} checks are noticed by a test when they are taken out`,
  )
  return outcomes.length > 0 && missed.length === 0 ? 0 : 1
}

function readMutations(): Mutation[] {
  return readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .flatMap((name): Mutation[] => JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8')))
}

/** Works through the queue in a copy of the project of its own. */
async function worker(queue: Mutation[], outcomes: Outcome[]): Promise<void> {
  const copy = mkdtempSync(join(tmpdir(), 'taken-out-'))
  try {
    for (const name of COPIED) cpSync(join(PROJECT, name), join(copy, name), { recursive: true })
    symlinkSync(join(PROJECT, 'node_modules'), join(copy, 'node_modules'))
    for (let mutation = queue.shift(); mutation !== undefined; mutation = queue.shift()) {
      const problem = await problemWith(mutation, copy)
      outcomes.push({ mutation, problem })
      console.log(`${problem === undefined ? 'noticed    ' : 'NOT NOTICED'}  row ${mutation.row}  ${mutation.check}`)
    }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

async function problemWith(mutation: Mutation, copy: string): Promise<string | undefined> {
  const file = join(copy, mutation.file)
  const source = readFileSync(file, 'utf8')
  const times = source.split(mutation.replace).length - 1
  if (times !== 1) return `the text to replace stands there ${times} times: ${JSON.stringify(mutation.replace)}`
  try {
    writeFileSync(
      file,
      source.replace(mutation.replace, () => mutation.with),
    )
    return (await testsPass(mutation.fails, copy)) ? `still passes: ${mutation.fails.join(', ')}` : undefined
  } finally {
    writeFileSync(file, source)
  }
}

function testsPass(files: readonly string[], copy: string): Promise<boolean> {
  const parameters = ['--conditions=@pinned-fetch/source', '--test', `--test-timeout=${TEST_LIMIT_MS}`, ...files]
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, parameters, { cwd: copy, stdio: 'ignore', detached: true })
    child.once('error', fail)
    child.once('exit', (code) => {
      endGroup(child.pid)
      done(code === 0)
    })
  })
}

/** A test whose check is gone may run for ever, and outlive the runner that gave it up. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left.
  }
}

process.exitCode = await main(process.argv.slice(2))
