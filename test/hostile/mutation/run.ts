/**
 * Mutation testing of the code that decides: changes it in every small way, one at a time, and demands that a test
 * fails.
 *
 * A mutant that survives needs an argument in survivors.json, that it changes nothing or nothing that matters. One
 * without fails the run, and so does an argument whose mutant is gone or gets killed by now. The project is copied to a
 * temporary folder for that; nothing here is changed.
 *
 * Usage: npm run test:mutation [-- [--fast] file …], where a part of a path of the files below is enough
 */

import { spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Mutant, mutate } from './mutants.ts'
import { print, record, reportOn } from './report.ts'
import { type Argument, argumentFor, readArguments } from './survivors.ts'
import { type Outcome, tryAll } from './trials.ts'

const PROJECT = resolve(import.meta.dirname, '../../..')

/** The most fundamental first. */
const MUTATED = [
  'lib/judge.ts',
  'lib/x509/path.ts',
  'lib/x509/constraints.ts',
  'lib/policy/host.ts',
  'lib/policy/host-table.ts',
  'lib/policy/pin.ts',
  'lib/x509/path-memory.ts',
  'lib/x509/trust-set.ts',
  'lib/x509/signature.ts',
  'lib/x509/certificate.ts',
  'lib/x509/key.ts',
  'lib/x509/name.ts',
  'lib/x509/der.ts',
  'lib/net/sessions.ts',
  'lib/net/connections.ts',
]

/** Tests without a socket and without a process of their own. */
const TESTS = [
  'test/judge*.test.ts',
  'test/x509/*.test.ts',
  'test/policy/*.test.ts',
  'test/net/{session*,connections}.test.ts',
]

/** Tests that take seconds each, for mutants that survive all others: a process for each file. */
const SLOW_TESTS = [
  'test/x509/fuzz.test.ts',
  'test/x509/path-limbo.test.ts',
  'test/x509/certificate-differential.test.ts',
  'test/x509/path-openssl.test.ts',
  'test/attacks/{01,02,03,04,05,06,07,08,09,10,11,12,18,19,20,21}-*.test.ts',
]

/** Leaves the slow tests out: more survive then than should. */
const FAST = '--fast'

const COPIED = ['lib', 'functions', 'infra', 'test', 'package.json', 'tsconfig.json', 'cdk.json']

/** A dev tool that only this needs, kept out of the lockfile: 23 MB in 78 packages. */
const TOOL = '@stryker-mutator/instrumenter@10.1.1'
const TOOL_HOME = join(PROJECT, '.runtime/mutation')

/** A slow test that takes longer hangs, ms. */
const SLOW_LIMIT_MS = 120_000

async function main(given: readonly string[]): Promise<number> {
  const wanted = given.filter((word) => word !== FAST)
  const files = MUTATED.filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  installTool()
  const { instrumented, mutants } = await mutate(
    TOOL_HOME,
    new Map(files.map((file) => [file, readFileSync(join(PROJECT, file), 'utf8')])),
  )
  console.log(`${mutants.length} mutants of ${files.length} files`)
  const { home, project } = copyOf(instrumented)
  try {
    const list = readArguments()
    const outcomes = await outcomesOf(mutants, project, list, !given.includes(FAST))
    writeFileSync(join(TOOL_HOME, 'outcomes.json'), JSON.stringify(outcomes, null, 1))
    const report = reportOn(files, outcomes, list)
    print(files, report)
    if (given.length === 0) await record(report, list)
    return report.open.length + report.stale.length === 0 ? 0 : 1
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

async function outcomesOf(
  mutants: readonly Mutant[],
  project: string,
  list: readonly Argument[],
  withSlow: boolean,
): Promise<Outcome[]> {
  const slow = filesOf(SLOW_TESTS, project)
  const testFiles = filesOf(TESTS, project).filter((file) => !slow.includes(file))
  const mutatedFiles = [...new Set(mutants.map(({ file }) => file))]
  const outcomes: Outcome[] = []
  const tell = (outcome: Outcome) => {
    outcomes.push(outcome)
    if (outcomes.length % 100 === 0) console.log(`${outcomes.length} tried`)
  }
  await tryAll(mutants, { project, mutatedFiles, testFiles, workers: availableParallelism() }, tell)

  if (!withSlow) return outcomes
  const open = outcomes.filter(({ mutant, fate }) => fate === 'survived' && argumentFor(mutant, list) === undefined)
  console.log(`${open.length} survivors without an argument meet the slow tests`)
  for (const outcome of open) {
    const by = await slowKiller(outcome.mutant, slow, project)
    if (by !== undefined) outcomes[outcomes.indexOf(outcome)] = { ...outcome, fate: 'killed', by }
  }
  return outcomes
}

function installTool(): void {
  if (existsSync(join(TOOL_HOME, 'node_modules/@stryker-mutator/instrumenter/package.json'))) return
  console.log(`installing ${TOOL} into .runtime/mutation`)
  mkdirSync(TOOL_HOME, { recursive: true })
  const flags = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error']
  const { status } = spawnSync('npm', ['install', '--prefix', TOOL_HOME, ...flags, TOOL], { stdio: 'inherit' })
  if (status !== 0) throw new Error(`${TOOL} can't be installed`)
}

/** The project with the mutated files, beside the same `shared` folder as the original. */
function copyOf(instrumented: ReadonlyMap<string, string>): { readonly home: string; readonly project: string } {
  const home = mkdtempSync(join(tmpdir(), 'mutation-'))
  const project = join(home, 'project')
  for (const name of COPIED) cpSync(join(PROJECT, name), join(project, name), { recursive: true })
  symlinkSync(join(PROJECT, 'node_modules'), join(project, 'node_modules'))
  const shared = resolve(PROJECT, '../shared')
  if (existsSync(shared)) symlinkSync(shared, join(home, 'shared'))
  for (const [file, content] of instrumented) writeFileSync(join(project, file), content)
  return { home, project }
}

function filesOf(patterns: readonly string[], project: string): string[] {
  return globSync(patterns, { cwd: project })
    .sort()
    .map((file) => join(project, file))
}

/** The first of the files that fails with the mutant at work, and passes without. */
async function slowKiller(mutant: Mutant, files: readonly string[], project: string): Promise<string | undefined> {
  for (const file of files) {
    if (!(await passes(file, project, mutant.id)) && (await passes(file, project)))
      return file.slice(project.length + 1)
  }
  return undefined
}

function passes(file: string, project: string, mutant = ''): Promise<boolean> {
  const parameters = ['--conditions=@pinned-fetch/source', '--test', `--test-timeout=${SLOW_LIMIT_MS}`, file]
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, parameters, {
      cwd: project,
      stdio: 'ignore',
      env: { ...process.env, __STRYKER_ACTIVE_MUTANT__: mutant },
    })
    child.once('error', fail)
    child.once('exit', (code) => done(code === 0))
  })
}

process.exitCode = await main(process.argv.slice(2))
