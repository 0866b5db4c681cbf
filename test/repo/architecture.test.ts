/**
 * Keeps the house: which room may look into which, what is pure, who may touch the network and the SDK, how long a file
 * and a function may be.
 *
 * A file imports from lower floors, or from its own room, and never in a circle. `import type` counts: what a file
 * knows of, it knows of.
 */

import assert from 'node:assert/strict'
import { basename, dirname } from 'node:path'
import { describe, it } from 'node:test'
import { type Import, type SourceFile, sourceFiles } from './source-file.ts'

/** The first that fits says the floor. */
const FLOORS: readonly (readonly [where: RegExp, floor: number])[] = [
  [/^lib\/(errors|events)\.ts$/, 0],
  [/^lib\/x509\//, 1],
  [/^lib\/policy\//, 2],
  [/^lib\/judge\.ts$/, 3],
  [/^lib\/source\//, 4],
  [/^lib\/net\//, 5],
  [/^lib\/lambda\/metrics[^/]*$/, 5],
  [/^lib\/(options|guard)\.ts$/, 6],
  [/^lib\/watch\//, 6],
  [/^lib\/lambda\/(middleware\.ts$|register)/, 7],
  [/^lib\/cli\//, 7],
  [/^lib\/index\.ts$/, 8],
  [/^(functions|infra)\//, 9],
]

/** Up to here everything is a function of its arguments. */
const HIGHEST_PURE_FLOOR = 3

/** Modules of Node that a pure file may import: cryptography is arithmetic. */
const PURE_MODULES = ['node:crypto']

/** What lets the world in: the network and the files come by import, these by a word. */
const IMPURE_WORDS =
  /\b(process|console|performance|setTimeout|setInterval|setImmediate|fetch|Math\.random|Date\.now)\b|\bnew Date\(\)/

const MAX_FILE_LINES = 400
/** A file longer than this is told, and somebody thinks again. */
const LONG_FILE_LINES = 250
const MAX_FUNCTION_LINES = 60

const library = sourceFiles('lib')
const house = [...library, ...sourceFiles('functions'), ...sourceFiles('infra')]

function floorOf(path: string): number {
  const floor = FLOORS.find(([where]) => where.test(path))?.[1]
  if (floor === undefined) throw new Error(`${path} stands on no floor: give it one in this test`)
  return floor
}

/** Files of one folder share a room; the folders in `net`, `lambda`, `cli`, `policy` and `functions` are corners of those. */
function roomOf(path: string): string {
  return dirname(path).replace(/^(lib\/(?:net|lambda|cli|policy)|functions)\/.*/, '$1')
}

const isOwn = ({ target }: Import) => /^(lib|functions|infra)\//.test(target)

function mayImport(from: string, target: string): boolean {
  const [own, other] = [floorOf(from), floorOf(target)]
  return other < own || (other === own && roomOf(from) === roomOf(target))
}

/** `file -> import` for every import that a rule forbids. */
function violations(files: readonly SourceFile[], forbids: (one: Import, file: SourceFile) => boolean): string[] {
  return files.flatMap((file) =>
    file.imports.filter((one) => forbids(one, file)).map(({ target }) => `${file.path} -> ${target}`),
  )
}

describe('the rules of this test', () => {
  it('forbid what they are there to forbid', () => {
    assert.equal(mayImport('lib/errors.ts', 'lib/judge.ts'), false)
    assert.equal(mayImport('lib/x509/path.ts', 'lib/policy/pin.ts'), false)
    assert.equal(mayImport('lib/net/gate.ts', 'lib/lambda/metrics.ts'), false)
    assert.equal(mayImport('lib/net/gate.ts', 'lib/net/undici/pools.ts'), true)
    const knows = (path: string, target: string) => ({ path, imports: [{ target, isType: true, isDynamic: false }] })
    assert.deepEqual(circles([knows('a', 'b'), knows('b', 'c'), knows('c', 'b')]), ['b -> c -> b'])
    assert.match('const now = Date.now()', IMPURE_WORDS)
  })
})

describe('a file of the house', () => {
  it('imports only from lower floors and from its own room', () => {
    assert.ok(library.length > 30, `${library.length} files`)
    assert.deepEqual(
      violations(house, (one, { path }) => isOwn(one) && !mayImport(path, one.target)),
      [],
    )
  })

  it('imports nothing that imports it, however far round', () => {
    assert.deepEqual(circles(house), [])
  })

  it('of the example imports the library as a customer would, and the stack reads of it what it watches', () => {
    // What a policy is, and how it may be written down.
    const MAY_READ = /^lib\/(errors\.ts|events\.ts|policy\/|source\/(decode|envelope|verify-key)\.ts)/
    const isExample = (path: string) => /^functions\/(example|partner-)/.test(path)
    const strange = (one: Import, { path }: SourceFile) =>
      one.target.startsWith('lib/') && (path.startsWith('functions/') ? isExample(path) : !MAY_READ.test(one.target))
    assert.deepEqual(
      violations(
        house.filter(({ path }) => !path.startsWith('lib/')),
        strange,
      ),
      [],
    )
  })

  it('never imports the public door: it is for those outside', () => {
    assert.deepEqual(
      violations(library, ({ target }) => target === 'lib/index.ts' || target === 'pinned-fetch'),
      [],
    )
  })

  it('re-exports nothing, the public door aside', () => {
    const barrels = library.filter(({ path, code }) => path !== 'lib/index.ts' && /^export .*\bfrom '\./m.test(code))
    assert.deepEqual(
      barrels.map(({ path }) => path),
      [],
    )
  })

  it('imports node:http only where no call goes by: its exports load Node’s own undici', () => {
    const loads = ({ target, isType }: Import) => /^(node:)?http$/.test(target) && !isType
    const called = library.filter(({ path }) => !path.startsWith('lib/cli/'))
    assert.deepEqual(violations(called, loads), [])
  })
})

describe('the floors up to the judge', () => {
  const pure = library.filter(({ path }) => floorOf(path) <= HIGHEST_PURE_FLOOR)

  it('import no module of Node but node:crypto', () => {
    const impure = ({ target }: Import) => target.startsWith('node:') && !PURE_MODULES.includes(target)
    assert.ok(pure.length > 20, `${pure.length} files`)
    assert.deepEqual(violations(pure, impure), [])
  })

  it('have no process, no clock, no console and no chance', () => {
    const found = pure.flatMap(({ path, words }) => {
      const word = IMPURE_WORDS.exec(words)?.[0]
      return word === undefined ? [] : [`${path}: ${word}`]
    })
    assert.deepEqual(found, [])
  })
})

describe('a package', () => {
  it('of the AWS SDK is loaded in source/secrets-manager.ts and by the command line, and only when it is wanted', () => {
    const loads = ({ target, isType }: Import) => /^(@aws-sdk|@smithy)\//.test(target) && !isType
    const called = library.filter(({ path }) => !path.startsWith('lib/cli/'))
    assert.deepEqual(violations(called, loads), ['lib/source/secrets-manager.ts -> @aws-sdk/client-secrets-manager'])
    assert.deepEqual(
      violations(library, (one) => loads(one) && !one.isDynamic),
      [],
    )
  })

  it('undici is loaded in net/undici/undici.ts alone, between what saves and what restores the process’s own fetch', () => {
    const isUndici = (target: string) => /^undici(\/|$)/.test(target)
    const loaded = (path: string) => {
      const imports = library.find((file) => file.path === path)?.imports.filter(({ isType }) => !isType) ?? []
      return imports.map(({ target }) => target)
    }
    const [undici, steps] = ['lib/net/undici/undici.ts', 'lib/net/undici/steps.ts']
    const loading = library.filter(({ imports }) => imports.some(({ target, isType }) => isUndici(target) && !isType))
    assert.deepEqual(loading.map(({ path }) => path).sort(), [steps, undici])
    const all = loaded(undici)
    const at = all.indexOf('undici/lib/global.js')
    const around = ['lib/net/undici/capture.ts', 'undici/lib/global.js', 'lib/net/undici/restore.ts']
    assert.deepEqual(all.slice(at - 1, at + 2), around)
    assert.equal(all[at + 2], 'undici/lib/web/fetch/index.js')
    assert.deepEqual(all.slice(at + 2).filter(isUndici), all.slice(at + 2))
    assert.deepEqual(
      all.slice(0, at - 1).filter((target) => !isUndici(target) || /fetch\/index/.test(target)),
      [],
    )
    // What is read before is no part that sets the process's own dispatcher (test/net/undici/own-fetch.test.ts).
    assert.deepEqual(
      loaded(steps).filter((target) => !isUndici(target) || /\/fetch\/index|\/global/.test(target)),
      [],
    )
  })

  it('undici.ts itself is loaded only when it is wanted', () => {
    const loads = ({ target, isType, isDynamic }: Import) =>
      target === 'lib/net/undici/undici.ts' && !isType && !isDynamic
    assert.deepEqual(violations(library, loads), [])
  })

  it('of the CDK, and what only tests use, is in no file of the library', () => {
    assert.deepEqual(
      violations(library, ({ target }) => /^(aws-cdk-lib|constructs|test\/)/.test(target)),
      [],
    )
  })

  it('for certificate requests is loaded by the command line alone, and only when it is wanted', () => {
    const reads = ({ target, isType }: Import) => /^(@peculiar|reflect-metadata)/.test(target) && !isType
    assert.deepEqual(
      violations(library, (one, { path }) => reads(one) && (!one.isDynamic || !path.startsWith('lib/cli/'))),
      [],
    )
  })
})

describe('a file of the library', () => {
  it('says first what it is for', () => {
    assert.deepEqual(
      library.filter(({ text }) => !/^(?:#!.*\n)?\/\*\*\s/.test(text)).map(({ path }) => path),
      [],
    )
  })

  it('is named after what it holds', () => {
    const vague = /^(utils?|helpers?|common|shared|misc|manager|base|types|constants)\.ts$/
    assert.deepEqual(
      library.filter(({ path }) => vague.test(basename(path))).map(({ path }) => path),
      [],
    )
  })

  it(`is no longer than ${MAX_FILE_LINES} lines`, (test) => {
    const long = library.filter(({ lineCount }) => lineCount > LONG_FILE_LINES)
    for (const { path, lineCount } of long) test.diagnostic(`think again: ${path} has ${lineCount} lines`)
    assert.deepEqual(
      library.filter(({ lineCount }) => lineCount > MAX_FILE_LINES).map(({ path }) => path),
      [],
    )
  })

  it(`has no function of more than ${MAX_FUNCTION_LINES} lines`, () => {
    const all = library.flatMap(({ path, functions }) => functions.map((one) => ({ path, ...one })))
    assert.ok(all.length > 200, `${all.length} functions`)
    const long = all.filter(({ lines }) => lines > MAX_FUNCTION_LINES)
    assert.deepEqual(
      long.map(({ path, head, lines }) => `${path}: ${lines} lines: ${head}`),
      [],
    )
  })
})

/** Each circle of imports once, as `a -> b -> a`. */
function circles(files: readonly Pick<SourceFile, 'path' | 'imports'>[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const done = new Set<string>()
  const found: string[] = []
  const visit = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path)
    if (start !== -1) found.push([...trail.slice(start), path].join(' -> '))
    if (start !== -1 || done.has(path)) return
    for (const { target } of byPath.get(path)?.imports ?? []) visit(target, [...trail, path])
    done.add(path)
  }
  for (const { path } of files) visit(path, [])
  return found
}
