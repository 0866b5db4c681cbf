/**
 * Makes the mutants of a source file: every small change that Stryker's instrumenter knows, and two kinds of our own.
 *
 * The instrumenter puts all of them into one text, each behind a switch that is thrown while the code runs, so that no
 * mutant needs a build of its own. Stryker's own runner would start a process for each mutant and test file; ours
 * (worker.ts) does not.
 */

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface Mutant {
  readonly id: string
  readonly file: string
  /** The function, method or constant that it stands in. */
  readonly within: string
  /** The lines it changes, white space folded … */
  readonly is: string
  /** … and what they become. */
  readonly becomes: string
}

/** What we use of `@stryker-mutator/instrumenter`, which is installed on demand and so has no types here. */
interface Instrumenter {
  instrument(
    files: readonly { name: string; content: string; mutate: true }[],
    options: { plugins: null; excludedMutations: readonly string[]; ignorers: readonly never[] },
  ): Promise<{ files: { name: string; content: string }[]; mutants: StrykerMutant[] }>
}

interface StrykerMutant {
  readonly id: string
  readonly fileName: string
  readonly replacement: string
  readonly location: { readonly start: Position; readonly end: Position }
}

interface Position {
  readonly line: number
  readonly column: number
}

/** A node of Babel's tree, as far as our mutators look. */
interface Path {
  readonly node: { readonly type: string; readonly value?: unknown; readonly expression?: { readonly type: string } }
}

interface Mutator {
  readonly name: string
  mutate(path: Path): Iterable<object>
}

/** Stryker leaves numbers alone; here they are budgets, tags and bits. */
const numberLiteral: Mutator = {
  name: 'NumberLiteral',
  *mutate({ node: { type, value } }) {
    if (type !== 'NumericLiteral' || typeof value !== 'number') return
    yield { type, value: value + 1 }
    if (value > 0) yield { type, value: value - 1 }
  },
}

/** Stryker empties whole blocks only; a single call or assignment may be what matters: `fields.end()`. */
const removedStatement: Mutator = {
  name: 'RemovedStatement',
  *mutate({ node: { type, expression } }) {
    if (type !== 'ExpressionStatement') return
    if (expression?.type === 'CallExpression' || expression?.type === 'AssignmentExpression') {
      yield { type: 'EmptyStatement' }
    }
  },
}

/**
 * @param home a folder with `@stryker-mutator/instrumenter` in its node_modules
 * @param sources path and text of each file
 */
export async function mutate(
  home: string,
  sources: ReadonlyMap<string, string>,
): Promise<{ readonly instrumented: ReadonlyMap<string, string>; readonly mutants: readonly Mutant[] }> {
  const instrumenter = await loadInstrumenter(home)
  const { files, mutants } = await instrumenter.instrument(
    [...sources].map(([name, content]) => ({ name, content, mutate: true as const })),
    { plugins: null, excludedMutations: [], ignorers: [] },
  )
  return {
    instrumented: new Map(files.map(({ name, content }) => [name, content])),
    mutants: mutants.map((mutant) => described(mutant, sources.get(mutant.fileName) ?? '')),
  }
}

async function loadInstrumenter(home: string): Promise<Instrumenter> {
  const inside = (path: string) =>
    pathToFileURL(join(home, 'node_modules/@stryker-mutator/instrumenter/dist/src', path)).href
  const { Instrumenter } = (await import(inside('index.js'))) as { Instrumenter: new (logger: object) => Instrumenter }
  const { allMutators } = (await import(inside('mutators/index.js'))) as { allMutators: Mutator[] }
  allMutators.push(numberLiteral, removedStatement)
  const quiet = { debug() {}, info() {}, warn: console.warn, isDebugEnabled: () => false }
  return new Instrumenter(quiet)
}

function described({ id, fileName, replacement, location }: StrykerMutant, source: string): Mutant {
  const lines = source.split('\n')
  const { start, end } = location
  const before = (lines[start.line] ?? '').slice(0, start.column)
  const after = (lines[end.line] ?? '').slice(end.column)
  return {
    id,
    file: fileName,
    within: enclosing(lines, start.line),
    is: folded(lines.slice(start.line, end.line + 1).join('\n')),
    becomes: folded(`${before}${replacement}${after}`),
  }
}

/** The formatter's indentation tells where a function or a method begins. */
function enclosing(lines: readonly string[], from: number): string {
  for (let line = from; line >= 0; line--) {
    const text = lines[line] ?? ''
    const name =
      /^(?:export )?(?:async )?(?:function\*?|const|class) (\w+)/.exec(text)?.[1] ??
      /^ {2}(?:static |async |get |\*)*(#?\w+)(?:\(.*|<.*)\{$/.exec(text)?.[1]
    if (name !== undefined) return name
  }
  return ''
}

function folded(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
