/**
 * `npm run bench:soak`: does a process with the guard grow? 10,000 calls at a time to 50 hosts, until ten minutes are over.
 * Prints the resident memory after each, and ends with 1 when the last third is above the middle one by more than 5 %.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { soak } from './memory.ts'
import { spreadOf } from './spread.ts'

const MINUTES = Number(process.argv[2] ?? 10)

const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-soak-'))
const endsAt = Date.now() + MINUTES * 60_000
const memory: number[] = []
for await (const megabytes of soak(Number.MAX_SAFE_INTEGER, folder)) {
  memory.push(megabytes)
  console.log(`${memory.length * 10_000} calls  ${megabytes.toFixed(1)} MB`)
  if (Date.now() > endsAt) break
}
rmSync(folder, { recursive: true, force: true })
const third = Math.floor(memory.length / 3)
const [middle, last] = [memory.slice(third, 2 * third), memory.slice(2 * third)].map((part) => spreadOf(part).median)
console.log(`middle third ${middle?.toFixed(1)} MB, last third ${last?.toFixed(1)} MB`)
process.exit((last ?? 0) > 1.05 * (middle ?? 0) ? 1 : 0)
