/**
 * Measures what the package costs and prints it as the README's table: bytes, a new environment, a handshake.
 *
 * Usage: npm run bench. Absolute times are this machine's; what holds elsewhere is the ratio of two rows of one run.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Bundle, bundleHandler } from './bundle.ts'
import { type HandshakeTimes, measureHandshakes } from './handshakes.ts'
import { measureStarts, type StartTimes } from './start.ts'

const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-bench-'))
try {
  console.log(`Node.js ${process.version}, ${cpus().length} x ${cpus()[0]?.model}\n`)
  const bundles = []
  for (const handler of ['empty', 'unpinned', 'pinned']) bundles.push(await bundleHandler(handler, folder))
  printBytes(bundles)
  printStarts(await measureStarts(bundles, folder))
  printHandshakes(await measureHandshakes())
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function printBytes(bundles: readonly Bundle[]): void {
  const pinned = bundles.at(-1)
  if (pinned === undefined) return
  row('bundle, minified', 'size', 'gzip')
  row('---', '---:', '---:')
  row("the README's handler", kilobytes(pinned.bytes), kilobytes(gzipSync(readFileSync(pinned.file)).length))
  for (const [part, bytes] of pinned.parts) row(`&nbsp;&nbsp;${part}`, kilobytes(bytes), '')
  console.log()
}

function printStarts([empty, unpinned, pinned]: readonly StartTimes[]): void {
  if (empty === undefined || unpinned === undefined || pinned === undefined) return
  row('new environment', 'empty Middy handler', "one call, Node's own fetch", 'one call, pinned')
  row('---', '---:', '---:', '---:')
  row('import of the bundle', ms(empty.imported), ms(unpinned.imported), ms(pinned.imported))
  row('first invocation', ms(empty.first), ms(unpinned.first), ms(pinned.first))
  row('later invocations', ms(empty.later), ms(unpinned.later), ms(pinned.later))
  console.log()
}

function printHandshakes(times: HandshakeTimes): void {
  row('one call on a connection of its own', "node:https's Agent", 'pinnedAgent')
  row('---', '---:', '---:')
  row('certificate not seen before', ms(times.plainFull), ms(times.judgedNew))
  row('certificate seen before', ms(times.plainFull), ms(times.judgedKnown))
  row('resumed session', ms(times.plainResumed), ms(times.judgedResumed))
  console.log(`\nReading Node's own roots, once per environment: ${ms(times.readingRoots)}`)
}

function row(...cells: readonly string[]): void {
  console.log(`| ${cells.join(' | ')} |`)
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000).toLocaleString('en-US')} kB`
}

function ms(time: number): string {
  return `${time < 10 ? time.toFixed(2) : time.toFixed(0)} ms`
}
