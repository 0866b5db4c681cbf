/**
 * The process that is started with the preload: goes the ways it is told, one after the other, and tells what came of
 * each, a status or a code.
 */

import { codeOf, messageOf } from './outcome.ts'
import { CHANGES, HTTP2_WAYS, WAYS } from './ways.ts'

export interface Errand {
  readonly way: string
  readonly url: string
}

export interface Outcome {
  readonly way: string
  readonly outcome: number | string
  readonly message: string | undefined
}

const errands: readonly Errand[] = JSON.parse(process.argv[2] ?? '[]')
const outcomes: Outcome[] = []
for (const { way, url } of errands) {
  const [change, title] = CHANGES[way] ?? [() => undefined, way]
  change()
  const go = WAYS[title] ?? HTTP2_WAYS[title]
  try {
    outcomes.push({ way, outcome: (await go?.(url)) ?? 'no such way', message: undefined })
  } catch (error) {
    outcomes.push({ way, outcome: codeOf(error), message: messageOf(error) })
  }
}
process.stdout.write(`\n${JSON.stringify(outcomes)}`, () => process.exit())
