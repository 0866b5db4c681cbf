/**
 * What of a bundle is loaded at once and what later, in bytes by part, and how long each way of using the package takes to
 * import.
 *
 * Bytes are those of a bundle that esbuild splits at each `import()`: what the entry reaches without one is loaded at
 * once. A bundle in one file (the CDK's NodejsFunction can make no other) holds the same parts; Node then reads all of
 * it, and evaluates what is loaded later when it is asked for.
 *
 * Alone: node --conditions=@pinned-fetch/source test/bench/parts.ts [rounds]
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild'
import { esbuildOptions } from '../../infra/bundle-file.ts'
import { exact, type Figure } from './figure.ts'
import { measureImports } from './import-times.ts'
import { difference, paired } from './spread.ts'
import { tableOf } from './table.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The first that fits names the part. */
const PARTS: readonly (readonly [part: string, fits: RegExp])[] = [
  ['own code', /^lib\//],
  ['undici', /node_modules\/undici\//],
  ['AWS SDK', /node_modules\/(@aws-sdk|@smithy|@aws-crypto|@aws|bowser|tslib)\//],
  ['tldts', /node_modules\/tldts/],
  ['Powertools', /node_modules\/@aws-lambda-powertools\//],
  ['jose', /node_modules\/jose\//],
]

const SECRET = "secretId: 'prod/partner-pins', disablePrefetch: true"
const EXTENSION = "source: extensionSource({ secretId: 'prod/partner-pins' })"

const MIDDY = "import middy from '@middy/core'\n"
/** What every HTTPS call of Node loads. */
const NODE =
  "import { Agent } from 'node:https'\nimport { connect } from 'node:tls'\nimport { X509Certificate } from 'node:crypto'\nglobalThis.kept = [Agent, connect, X509Certificate]\n"
const OURS = "import { pinnedFetch } from 'pinned-fetch'\n"
const LEAN = "import { extensionSource } from 'pinned-fetch'\n"
const BY_HAND =
  "import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'\nimport { Agent as UndiciAgent, fetch } from 'undici'\nglobalThis.held = [SecretsManagerClient, UndiciAgent, fetch]\n"

const handlerUsing = (options: string) => `export const handler = middy(async () => 1).use(pinnedFetch({ ${options} }))`
const EMPTY = `${MIDDY}export const handler = middy(async () => 1)`

/** Whether what is loaded later is in the file, too. */
type Shape = 'one file' | 'at once only'

const CONFIGURATIONS = {
  empty: [EMPTY, 'one file'],
  node: [NODE + EMPTY, 'one file'],
  own: [`${NODE + OURS}globalThis.own = pinnedFetch\n${EMPTY}`, 'at once only'],
  lean: [MIDDY + OURS + LEAN + handlerUsing(EXTENSION), 'at once only'],
  leanInOneFile: [MIDDY + OURS + LEAN + handlerUsing(EXTENSION), 'one file'],
  byHand: [BY_HAND + EMPTY, 'one file'],
  whole: [BY_HAND + MIDDY + OURS + handlerUsing(SECRET), 'one file'],
} as const satisfies Record<string, readonly [code: string, shape: Shape]>

export async function measureParts(rounds: number, folder: string): Promise<Figure[]> {
  return [...(await figuresOfBytes()), ...(await figuresOfImports(rounds, folder))]
}

async function figuresOfBytes(): Promise<Figure[]> {
  const { atOnce, later } = await bytesByPart("export { pinnedFetch } from 'pinned-fetch'")
  const lean = await bytesByPart(MIDDY + OURS + LEAN + handlerUsing(EXTENSION))
  const empty = await bytesByPart(EMPTY)
  const names = PARTS.map(([name]) => name).filter((name) => atOnce.has(name) || later.has(name))
  const sum = (sizes: ReadonlyMap<string, number>) => [...sizes.values()].reduce((total, bytes) => total + bytes, 0)
  return [
    ...names.flatMap((name) => [
      bytes(`${name}, loaded at once`, atOnce.get(name) ?? 0, name === 'own code' ? 40 : undefined),
      bytes(`${name}, loaded later`, later.get(name) ?? 0),
    ]),
    bytes('the lean configuration over an empty handler', sum(lean.atOnce) - sum(empty.atOnce), 60),
  ]
}

function bytes(name: string, value: number, most?: number): Figure {
  const kilobytes = value / 1000
  const target = most === undefined ? {} : { target: { most } }
  return { group: 'bytes', name, ours: '', theirs: '', result: exact(kilobytes), unit: 'kB', ...target }
}

async function figuresOfImports(rounds: number, folder: string): Promise<Figure[]> {
  const names = Object.keys(CONFIGURATIONS) as (keyof typeof CONFIGURATIONS)[]
  const files = await Promise.all(names.map((name) => bundled(name, folder)))
  const times = await measureImports(files, rounds)
  const timesOf = (name: keyof typeof CONFIGURATIONS) => times[names.indexOf(name)] ?? []
  const compared = (
    name: string,
    ours: (typeof names)[number],
    theirs: (typeof names)[number],
    most?: number,
  ): Figure => ({
    group: 'import',
    name,
    ours: median(timesOf(ours)),
    theirs: median(timesOf(theirs)),
    result: paired(timesOf(ours), timesOf(theirs), difference),
    unit: 'ms',
    ...(most === undefined ? {} : { target: { most } }),
  })
  return [
    compared('own code, over Node’s own modules for HTTPS', 'own', 'node', 5),
    compared('Node’s own modules for HTTPS, over an empty handler', 'node', 'empty'),
    compared('the lean configuration over an empty handler', 'lean', 'empty', 25),
    compared('the same in one file with undici and the SDK', 'leanInOneFile', 'empty'),
    compared('default configuration over SDK, undici and Middy by hand', 'whole', 'byHand', 10),
  ]
}

function median(times: readonly number[]): string {
  return `${paired(times, times, (time) => time).median.toFixed(1)} ms`
}

async function bytesByPart(code: string): Promise<Record<'atOnce' | 'later', ReadonlyMap<string, number>>> {
  const { metafile } = await build({
    ...options(code),
    splitting: true,
    outdir: 'unwritten',
    write: false,
    metafile: true,
  })
  const { outputs } = metafile
  const entry = Object.keys(outputs).find((name) => outputs[name]?.entryPoint === '<stdin>')
  const atOnce = reached(outputs, entry ?? '')
  const later = Object.keys(outputs).filter((name) => !atOnce.has(name))
  return { atOnce: sizesOf(outputs, atOnce), later: sizesOf(outputs, later) }
}

/** The chunks that `entry` imports, and those import, without an `import()`. */
function reached(outputs: Metafile['outputs'], entry: string, found = new Set<string>()): Set<string> {
  if (found.has(entry)) return found
  found.add(entry)
  for (const { path, kind, external } of outputs[entry]?.imports ?? []) {
    if (kind === 'import-statement' && external !== true) reached(outputs, path, found)
  }
  return found
}

function sizesOf(outputs: Metafile['outputs'], names: Iterable<string>): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>()
  for (const name of names) {
    for (const [file, { bytesInOutput }] of Object.entries(outputs[name]?.inputs ?? {})) {
      const part = PARTS.find(([, fits]) => fits.test(file))?.[0] ?? 'the handler and Middy'
      sizes.set(part, (sizes.get(part) ?? 0) + bytesInOutput)
    }
  }
  return sizes
}

async function bundled(name: keyof typeof CONFIGURATIONS, folder: string): Promise<string> {
  const [code, shape] = CONFIGURATIONS[name]
  const outfile = join(folder, `parts-${name}.mjs`)
  await build({ ...options(code), outfile, plugins: shape === 'one file' ? [] : [LATER_OUTSIDE] })
  return outfile
}

/** Leaves out what `import()` names, as if it stood in files of its own. */
const LATER_OUTSIDE: Plugin = {
  name: 'leave out what is loaded later',
  setup({ onResolve }) {
    onResolve({ filter: /.*/ }, ({ kind, path }) => (kind === 'dynamic-import' ? { path, external: true } : undefined))
  },
}

function options(code: string): BuildOptions {
  return {
    ...esbuildOptions(),
    stdin: { contents: code, resolveDir: ROOT, loader: 'ts' },
    absWorkingDir: ROOT,
  }
}

if (import.meta.main) {
  const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-parts-'))
  try {
    console.log(tableOf(await measureParts(Number(process.argv[2] ?? 30), folder)))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
