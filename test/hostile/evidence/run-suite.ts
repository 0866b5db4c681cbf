/**
 * Runs one suite in a process of its own and brings home what it told.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SuiteResult } from '../suite-result.ts'
import { resultOfOutput, resultOfTests } from './counted.ts'
import type { CountedTest } from './counts-reporter.ts'
import type { Entry, Missing, Origin } from './evidence.ts'
import type { EvidenceSuite } from './suites.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const COUNTS_REPORTER = new URL('counts-reporter.ts', import.meta.url).href
const CONDITION = '--conditions=@pinned-fetch/source'

/** What takes longer hangs, ms. */
const FILE_LIMIT_MS = 3_600_000

interface Ran {
  readonly code: number | null
  readonly output: string
}

/** Never fails: what went wrong is told in the place of results. */
export async function runSuite(suite: EvidenceSuite): Promise<readonly Entry[] | Missing> {
  const directory = await mkdtemp(join(tmpdir(), 'pinned-fetch-evidence-'))
  try {
    const absent = await absentOf(suite)
    if (absent !== undefined) return missing(suite, absent)
    const counts = join(directory, 'counts')
    const told = join(directory, 'told')
    const ran = await spawned(parametersOf(suite, counts), told)
    const tests = await readTests(counts)
    const entries = entriesOf(suite, { ran, tests, told: await readTold(told) })
    return entries.length > 0 ? entries : missing(suite, `it ended with ${ran.code} and told nothing`)
  } catch (error) {
    return missing(suite, `it can't be run: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function absentOf({ run }: EvidenceSuite): Promise<string | undefined> {
  if ('tests' in run) {
    return globSync([...run.tests], { cwd: ROOT }).length > 0 ? undefined : `there are no tests ${run.tests.join(', ')}`
  }
  const [program] = run.program
  return await access(join(ROOT, program)).then(
    () => undefined,
    () => `there is no ${program}`,
  )
}

function parametersOf({ run }: EvidenceSuite, counts: string): string[] {
  if ('program' in run) return [CONDITION, ...run.program]
  return [
    CONDITION,
    '--test',
    `--test-timeout=${FILE_LIMIT_MS}`,
    '--test-concurrency=2',
    '--test-reporter=dot',
    '--test-reporter-destination=stdout',
    `--test-reporter=${COUNTS_REPORTER}`,
    `--test-reporter-destination=${counts}`,
    ...run.tests,
  ]
}

async function spawned(parameters: readonly string[], told: string): Promise<Ran> {
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env
  const child = spawn(process.execPath, parameters, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...environment, PINNED_FETCH_EVIDENCE: told },
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    process.stdout.write(text)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

interface Brought {
  readonly ran: Ran
  readonly tests: readonly CountedTest[] | undefined
  readonly told: readonly SuiteResult[]
}

function entriesOf(suite: EvidenceSuite, { ran, tests, told }: Brought): Entry[] {
  const { name, counted } = suite
  const failed = (tests ?? []).filter(({ outcome }) => outcome === 'failed')
  const common = { ranBy: name, origin: originOfNow() }
  if (told.length > 0) {
    const failures = failed.map(({ file, name: test }) => `${file}: ${test}`)
    if (failures.length === 0 && ran.code !== 0) failures.push(`the run ended with ${ran.code}`)
    return told.map((result) => ({ ...common, result, failures }))
  }
  if (counted === undefined) return []
  const made = tests === undefined ? resultOfOutput(counted, ran.output) : resultOfTests(counted, tests)
  return made === undefined ? [] : [{ ...common, ...made, failures: [] }]
}

/** Undefined when no runner has written any. */
async function readTests(counts: string): Promise<readonly CountedTest[] | undefined> {
  const text = await readFile(counts, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as CountedTest[])
}

async function readTold(directory: string): Promise<SuiteResult[]> {
  const names = await readdir(directory).catch(() => [])
  const texts = await Promise.all(names.sort().map((name) => readFile(join(directory, name), 'utf8')))
  return texts.map((text) => JSON.parse(text) as SuiteResult)
}

function missing({ name }: EvidenceSuite, reason: string): Missing {
  return { ranBy: name, origin: originOfNow(), reason }
}

function originOfNow(): Origin {
  const { node, openssl = 'unknown' } = process.versions
  return { date: new Date().toISOString().slice(0, 10), node, openssl }
}
