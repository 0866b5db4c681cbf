/**
 * A process that holds the mutated code and its tests, and tries one mutant after the other: it throws the mutant's
 * switch and runs the tests that pass by it until one fails.
 *
 * `node worker.ts <test file>…`, a child with an IPC channel. With `__STRYKER_ACTIVE_MUTANT__` in the environment that
 * one mutant is at work from the beginning, in what is computed once at import as well. `MUTATED_FILES` names those files.
 */

import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { CollectedTest } from './collector.ts'

/** What the instrumented code reads and writes. */
interface Switchboard {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number | undefined
  hitLimit?: number | undefined
  mutantCoverage?: { static: Record<string, number>; perTest: Record<string, Record<string, number>> }
}

/** No mutant: a baseline. */
export interface Order {
  readonly mutant?: string
  /** Indices of the tests, in the order in which to run them. */
  readonly tests: readonly number[]
  /** The mutated place may be passed so often; more is an endless loop. */
  readonly hitLimit?: number
}

export type Answer =
  | { readonly is: 'ready' }
  | {
      readonly is: 'baseline'
      readonly tests: readonly BaselineTest[]
      /** The places that were passed while each file was loaded; the mutated files themselves are under `''`. */
      readonly atImport: Readonly<Record<string, readonly string[]>>
    }
  /** `poisoned`: the test that failed now fails without the mutant as well. */
  | { readonly is: 'result'; readonly killedBy: string | undefined; readonly poisoned: boolean }

export interface BaselineTest {
  readonly name: string
  readonly file: string
  readonly ms: number
  /** Why it fails without a mutant. */
  readonly failure: string | undefined
  /** How often each mutated place is passed. */
  readonly hits: Readonly<Record<string, number>>
}

interface LoadedTest extends CollectedTest {
  readonly file: string
}

const COLLECTOR = new URL('collector.ts', import.meta.url).href
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'node:test' ? { url: COLLECTOR, shortCircuit: true } : next(specifier, context),
})
const { collected } = (await import(COLLECTOR)) as typeof import('./collector.ts')

const space = globalThis as typeof globalThis & { __stryker__?: Switchboard }
space.__stryker__ ??= {}
const switchboard = space.__stryker__
const files = process.argv.slice(2)
const mutatedFiles = process.env['MUTATED_FILES']?.split(':') ?? []

if (process.env['__STRYKER_ACTIVE_MUTANT__'] !== undefined) {
  answer({ is: 'result', killedBy: await killerFromTheBeginning(), poisoned: false })
} else {
  const atImport: Record<string, string[]> = {}
  for (const file of mutatedFiles) await import(pathToFileURL(file).href)
  atImport[''] = passedSoFar()
  const tests: LoadedTest[] = []
  for (const file of files) {
    tests.push(...(await testsOf(file)).map((test) => ({ ...test, file })))
    atImport[file] = passedSoFar()
  }
  process.on('message', async (order: Order) =>
    answer(order.mutant === undefined ? await baseline(tests, atImport) : await resultOf(order, tests)),
  )
  answer({ is: 'ready' })
}

async function testsOf(file: string): Promise<readonly CollectedTest[]> {
  await import(pathToFileURL(file).href)
  return collected()
}

async function killerFromTheBeginning(): Promise<string | undefined> {
  for (const file of files) {
    try {
      for (const { name, run } of await testsOf(file)) {
        if ((await failureOf(run)) !== undefined) return name
      }
    } catch {
      return `${file}, while it was loaded`
    }
  }
  return undefined
}

/** The places that were passed since the last call, outside a test. */
function passedSoFar(): string[] {
  const coverage = switchboard.mutantCoverage
  const passed = Object.keys(coverage?.static ?? {})
  if (coverage !== undefined) coverage.static = {}
  return passed
}

async function baseline(tests: readonly LoadedTest[], atImport: Record<string, string[]>): Promise<Answer> {
  const results: BaselineTest[] = []
  for (const [index, { name, file, run }] of tests.entries()) {
    switchboard.currentTestId = `test ${index}`
    const start = performance.now()
    const failure = await failureOf(run)
    const ms = performance.now() - start
    results.push({ name, file, ms, failure, hits: switchboard.mutantCoverage?.perTest[`test ${index}`] ?? {} })
  }
  switchboard.currentTestId = undefined
  return { is: 'baseline', tests: results, atImport }
}

async function resultOf({ mutant, tests: indices, hitLimit }: Order, all: readonly CollectedTest[]): Promise<Answer> {
  for (const index of indices) {
    const test = all[index]
    if (test === undefined) throw new Error(`there is no test ${index}`)
    Object.assign(switchboard, { activeMutant: mutant, hitCount: 0, hitLimit })
    const failure = await failureOf(test.run)
    Object.assign(switchboard, { activeMutant: undefined, hitCount: undefined, hitLimit: undefined })
    if (failure === undefined) continue
    return { is: 'result', killedBy: test.name, poisoned: (await failureOf(test.run)) !== undefined }
  }
  return { is: 'result', killedBy: undefined, poisoned: false }
}

async function failureOf(run: () => unknown): Promise<string | undefined> {
  try {
    await run()
    return undefined
  } catch (error) {
    return String(error)
  }
}

function answer(content: Answer): void {
  process.send?.(content)
}
