/**
 * The process that is measured: imports one bundle and invokes its handler, as Lambda does with a new environment.
 *
 * Arguments: the bundle, the URL for the event. Prints the times in ms as JSON.
 */

import { writeSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { median } from './median.ts'

const LATER_CALLS = 9

const [bundle = '', url = ''] = process.argv.slice(2)
const context = { getRemainingTimeInMillis: () => 30_000 }

const [imported, { handler }] = await timed(() => import(pathToFileURL(bundle).href))
const [first] = await timed(() => handler({ url }, context))
const later: number[] = []
for (let call = 0; call < LATER_CALLS; call++) later.push((await timed(() => handler({ url }, context)))[0])
writeSync(1, JSON.stringify({ imported, first, later: median(later) }))
process.exit()

async function timed<Result>(action: () => Promise<Result>): Promise<[ms: number, result: Result]> {
  const startedAt = performance.now()
  const result = await action()
  return [performance.now() - startedAt, result]
}
