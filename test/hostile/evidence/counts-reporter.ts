/**
 * A reporter for Node's test runner that tells as JSON what became of each test, suites aside.
 */

import { basename } from 'node:path'
import type { TestEvent } from 'node:test/reporters'

export interface CountedTest {
  /** Without its folder. */
  readonly file: string
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** Of a skipped one. */
  readonly reason?: string
}

export default async function* reportCounts(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const counted: CountedTest[] = []
  for await (const event of events) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    const { name, skip, todo, details } = event.data
    const file = fileOf(event.data)
    if (details.type === 'suite' || todo !== undefined) continue
    const test = { file: basename(file), name }
    if (event.type === 'test:fail') counted.push({ ...test, outcome: 'failed' })
    else if (skip === undefined || skip === false) counted.push({ ...test, outcome: 'passed' })
    else counted.push({ ...test, outcome: 'skipped', reason: typeof skip === 'string' ? skip : 'no reason given' })
  }
  yield JSON.stringify(counted)
}

/** The file that was run; a test may be made in another one. @types/node doesn't know of it yet. */
function fileOf({ file = '', entryFile = file }: { readonly file?: string; readonly entryFile?: string }): string {
  return entryFile
}
