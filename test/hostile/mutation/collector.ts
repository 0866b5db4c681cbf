/**
 * Stands in for `node:test` in a worker: collects the tests of a file instead of running them, so that they can be run
 * again and again against one mutant after the other.
 *
 * It knows what the tests of the decision code use: `describe`, `it`, `test`, `skip` and `diagnostic`.
 */

export interface CollectedTest {
  readonly name: string
  readonly run: () => unknown
}

type Body = (context: object) => unknown

interface Options {
  readonly skip?: boolean | string
}

const suites: { readonly name: string; readonly body: Body }[] = []
let tests: CollectedTest[] = []
let within = ''

const context = { diagnostic() {}, skip() {} }

export function describe(name: string, body: Body): void {
  suites.push({ name: `${within}${name} › `, body })
}

export function test(name: string, ...rest: readonly [Body] | readonly [Options, Body]): void {
  const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest
  if (!options.skip) tests.push({ name: within + name, run: () => body(context) })
}

export { test as it }

/** The tests of the files that were imported since the last call. */
export async function collected(): Promise<readonly CollectedTest[]> {
  for (let suite = suites.shift(); suite !== undefined; suite = suites.shift()) {
    within = suite.name
    await suite.body(context)
    within = ''
  }
  const all = tests
  tests = []
  return all
}
