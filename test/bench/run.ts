/**
 * `npm run bench`: what the guard costs, beside what a user would run instead, in one run on this machine.
 *
 *     npm run bench                everything, under ten minutes on two cores that do nothing else
 *     npm run bench -- policy …    some parts: parts, starts, connections, throughput, resumption, policy, memory, fleet
 *     npm run bench -- --keep      and writes docs/performance.json, .md and .svg
 *
 * Sides take turns, so that what the machine does meanwhile meets all of them. Absolute times are this machine's; what
 * holds elsewhere is how two columns compare.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bar, chartOf } from './chart.ts'
import { measureConnections } from './connections.ts'
import { type Figure, isMet } from './figure.ts'
import {
  figuresOfConnections,
  figuresOfFleet,
  figuresOfMemory,
  figuresOfPolicy,
  figuresOfResumption,
  figuresOfStarts,
  figuresOfThroughput,
} from './figures.ts'
import { runFleet } from './fleet/run.ts'
import { type FleetResult, fleetTable } from './fleet/table.ts'
import { measureMemory } from './memory.ts'
import { measureParts } from './parts.ts'
import { measurePolicy } from './policy.ts'
import { measureResumption } from './resumption.ts'
import { spreadOf } from './spread.ts'
import { measureStarts, PEERS, type Starts } from './starts.ts'
import { tableOf } from './table.ts'
import { measureThroughput } from './throughput.ts'

/** What the peers of the cold start are called in the picture. */
const TITLES: Readonly<Record<(typeof PEERS)[number], string>> = {
  empty: 'empty Middy handler',
  unpinned: "Node's own fetch, no pins",
  'undici-fetch': 'undici, no pins',
  'tutorial-middy': 'Middy secrets + tutorial check',
  'tutorial-powertools': 'Powertools + tutorial check',
  pinned: 'pinned-fetch',
  preconnected: 'pinned-fetch, preconnect',
}

interface Raw {
  node: string
  machine: string
  date: string
  seconds: number
  figures: Figure[]
  samples: Record<string, unknown>
}

const words = process.argv.slice(2)
const only = words.filter((word) => !word.startsWith('--'))
/** Secrets Manager in the region of the function, ms: an assumption, and for a new connection a low one. */
const SECRETS_TAKE_MS = 30

const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-bench-'))
const startedAt = Date.now()
const raw: Raw = {
  node: process.version,
  machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
  date: new Date().toISOString().slice(0, 10),
  seconds: 0,
  figures: [],
  samples: {},
}

async function part<Result>(
  name: string,
  measure: () => Promise<Result> | Result,
  figures: (result: Result) => Figure[],
) {
  if (only.length > 0 && !only.includes(name)) return
  const begun = Date.now()
  process.stderr.write(`${name} … `)
  const result = await measure()
  raw.samples[name] = result
  raw.figures.push(...figures(result))
  process.stderr.write(`${Math.round((Date.now() - begun) / 1000)} s\n`)
}

try {
  await part('starts', measureAllStarts, (starts) => figuresOfStarts(...starts))
  await part(
    'parts',
    () => measureParts(15, folder),
    (figures) => figures,
  )
  await part('connections', () => measureConnections(36), figuresOfConnections)
  await part('throughput', () => measureThroughput(56, 100), figuresOfThroughput)
  await part('resumption', measureResumption, figuresOfResumption)
  await part('policy', measurePolicy, figuresOfPolicy)
  await part('memory', () => measureMemory(8, folder), figuresOfMemory)
  await part('fleet', () => runFleet(), figuresOfFleet)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
raw.seconds = Math.round((Date.now() - startedAt) / 1000)

const fleet = raw.samples['fleet'] as FleetResult | undefined
const text = [
  `Node.js ${raw.node}, ${raw.machine}, ${raw.date}, ${raw.seconds} s.`,
  tableOf(raw.figures),
  ...(fleet === undefined ? [] : [fleetTable(fleet)]),
].join('\n\n')
console.log(text)
const missed = raw.figures.filter((figure) => isMet(figure) === false)
console.log(
  `\n${missed.length} of ${raw.figures.filter(({ target }) => target !== undefined).length} targets are missed`,
)
if (words.includes('--keep')) keep()
process.exit()

/** All kinds of start; but for the first, with the peers that matter there. */
async function measureAllStarts(): Promise<readonly [Starts, Starts, Starts]> {
  return [
    await measureStarts({ rounds: 30, folder }),
    await measureStarts({
      rounds: 30,
      folder,
      peers: ['tutorial-middy', 'tutorial-powertools', 'pinned'],
      secretsTake: SECRETS_TAKE_MS,
    }),
    await measureStarts({ rounds: 12, folder, peers: ['unpinned', 'preconnected'], isAhead: true }),
  ]
}

function keep(): void {
  const docs = new URL('../../docs/', import.meta.url)
  writeFileSync(new URL('performance.json', docs), `${JSON.stringify(raw)}\n`)
  writeFileSync(new URL('performance.svg', docs), chartOf(barsOf(), raw.figures.filter(isDrawn)))
  const page = new URL('performance.md', docs)
  const [before = '', , after = ''] = readFileSync(page, 'utf8').split(/<!-- \/?measured -->\n/)
  writeFileSync(page, `${before}<!-- measured -->\n\n${text}\n\n<!-- /measured -->\n${after}`)
}

function barsOf(): Bar[] {
  const [starts] = raw.samples['starts'] as readonly [Starts, Starts, Starts]
  return PEERS.map((peer) => ({
    label: TITLES[peer],
    time: spreadOf(starts[peer].total),
    isOurs: peer === 'pinned' || peer === 'preconnected',
  }))
}

function isDrawn({ unit, group }: Figure): boolean {
  return unit === 'x' && group !== 'Secrets Manager'
}
