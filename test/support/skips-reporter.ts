/**
 * A reporter for Node's test runner that tells one thing: which tests did not run, and why.
 */

import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'

export default async function* reportSkips(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const skipped: string[] = []
  for await (const event of events) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    const { name, file, skip } = event.data
    if (skip === undefined || skip === false) continue
    const reason = typeof skip === 'string' && skip !== '' ? skip : 'NO REASON GIVEN'
    skipped.push(`  ${file === undefined ? '' : `${relative(process.cwd(), file)}: `}${name}\n      ${reason}\n`)
  }
  if (skipped.length === 0) yield '\nNothing was skipped.\n'
  else yield `\n!! ${skipped.length} SKIPPED, and so not proven here:\n${skipped.join('')}`
}
