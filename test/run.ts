/**
 * Runs the tests with Node's own runner: `node test/run.ts [paths and names]`. A path (with a slash, a `*`, or ending
 * in `.ts`) says which files; anything else is a pattern that a test's name must match; options go to the runner.
 *
 * What was skipped is told again at the end, loudly: a skipped test proves nothing, and its reason may be news.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { availableParallelism, constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SKIPS_REPORTER = new URL('./support/skips-reporter.ts', import.meta.url).href
const ALL_TESTS = 'test/**/*.test.ts'

/** Files at a time. Most of a test file's time is a child process of its own, so one for each core is enough. */
const CONCURRENCY = Math.max(2, availableParallelism())

/** What takes longer hangs, ms. The slowest file takes a fifth of it. */
const FILE_LIMIT_MS = 180_000

const SIGNAL_BASE = 128

const directory = await mkdtemp(join(tmpdir(), 'pinned-fetch-tests-'))
try {
  const skips = join(directory, 'skips')
  process.exitCode = await run(process.argv.slice(2), skips)
  process.stdout.write(await readFile(skips, 'utf8').catch(() => '\nWhat was skipped is unknown: the runner died.\n'))
} finally {
  await rm(directory, { recursive: true, force: true })
}

async function run(given: readonly string[], skips: string): Promise<number> {
  const options = given.filter((word) => word.startsWith('-'))
  const words = given.filter((word) => !word.startsWith('-'))
  const paths = words.filter(isPath)
  const names = words.filter((word) => !isPath(word)).map((name) => `--test-name-pattern=${name}`)
  const runner = spawn(
    process.execPath,
    [
      '--conditions=@pinned-fetch/source',
      '--test',
      `--test-concurrency=${CONCURRENCY}`,
      `--test-timeout=${FILE_LIMIT_MS}`,
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      `--test-reporter=${SKIPS_REPORTER}`,
      `--test-reporter-destination=${skips}`,
      ...names,
      ...options,
      ...(paths.length > 0 ? paths : [ALL_TESTS]),
    ],
    { cwd: ROOT, stdio: 'inherit' },
  )
  const [code, signal] = (await once(runner, 'close')) as [number | null, NodeJS.Signals | null]
  return code ?? SIGNAL_BASE + (signal === null ? 0 : constants.signals[signal])
}

function isPath(word: string): boolean {
  return word.endsWith('.ts') || /[/*]/.test(word)
}
