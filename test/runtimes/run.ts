/**
 * Runs the whole suite on every version of Node that is promised, one after the other: `npm run test:runtimes`.
 *
 * Each version runs `test/run.ts` itself, and stands first in the PATH of all that the tests start. `npx` is the
 * exception: it puts the project's own `node_modules/.bin` before everything else, and with it the Node of the project.
 *
 * Usage: npm run test:runtimes [-- version … path or name of a test …]
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { recordResult } from '../hostile/suite-result.ts'
import { installed, type Runtime } from './installed.ts'
import type { Outcome } from './outcome-reporter.ts'
import { type RuntimeRun, skipsOf, suiteResult, tableOf } from './summary.ts'
import { VERSIONS } from './versions.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const REPORTER = new URL('./outcome-reporter.ts', import.meta.url).href

async function main(given: readonly string[]): Promise<number> {
  const isVersion = (word: string) => VERSIONS.some(({ version }) => version === word)
  const words = given.filter((word) => !isVersion(word))
  const wanted = VERSIONS.filter(({ version }) => !given.some(isVersion) || given.includes(version))
  const runs: RuntimeRun[] = []
  for (const { version, reason } of wanted) {
    process.stdout.write(`\n== Node ${version}: ${reason}\n`)
    runs.push(await runSuite(installed(version), words))
  }
  process.stdout.write(`\n${tableOf(runs)}\n${skipsOf(runs)}`)
  // A part of the suite is no evidence.
  if (words.length === 0 && wanted.length === VERSIONS.length) await recordResult(suiteResult(runs))
  return runs.every(({ isGood }) => isGood) ? 0 : 1
}

async function runSuite(runtime: Runtime, words: readonly string[]): Promise<RuntimeRun> {
  const directory = mkdtempSync(join(tmpdir(), 'pinned-fetch-runtimes-'))
  try {
    const told = join(directory, 'outcome.json')
    const reporter = [`--test-reporter=${REPORTER}`, `--test-reporter-destination=${told}`]
    const child = spawn(runtime.binary, [join(ROOT, 'test/run.ts'), ...reporter, ...words], {
      cwd: ROOT,
      env: runtime.environment,
      stdio: 'inherit',
    })
    const [code, signal] = await once(child, 'close')
    const outcome = existsSync(told) ? outcomeOf(readFileSync(told, 'utf8')) : undefined
    if (outcome === undefined) return { runtime, outcome: died(`it ended with ${signal ?? code}`), isGood: false }
    return { runtime, outcome, isGood: code === 0 && outcome.failed === 0 && outcome.passed > 0 }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** The reporter writes it last; a runner that dies has written nothing. */
function outcomeOf(text: string): Outcome | undefined {
  return text === '' ? undefined : JSON.parse(text)
}

function died(message: string): Outcome {
  return { passed: 0, failed: 1, skipped: 0, failures: [{ test: 'the whole run', message }], skips: [] }
}

process.exitCode = await main(process.argv.slice(2))
