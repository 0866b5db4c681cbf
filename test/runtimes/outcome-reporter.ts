/**
 * A reporter for Node's test runner that tells the outcome of a whole run as one JSON document ({@link Outcome}).
 */

import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'

export interface Outcome {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly failures: readonly { readonly test: string; readonly message: string }[]
  readonly skips: readonly { readonly test: string; readonly reason: string }[]
}

export default async function* reportOutcome(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failures: Outcome['failures'][number][] = []
  const skips: Outcome['skips'][number][] = []
  let counts = { passed: 0, skipped: 0 }
  for await (const { type, data } of events) {
    // Of every file there is a summary, and at the end one of all.
    if (type === 'test:summary' && data.file === undefined) counts = data.counts
    if (type !== 'test:pass' && type !== 'test:fail') continue
    const test = data.file === undefined ? data.name : `${relative(process.cwd(), data.file)}: ${data.name}`
    const { skip } = data
    if (skip !== undefined && skip !== false) skips.push({ test, reason: reasonOf(skip) })
    if (type === 'test:fail' && !isOfSubtests(data.details.error)) {
      failures.push({ test, message: messageOf(data.details.error) })
    }
  }
  const { passed, skipped } = counts
  yield JSON.stringify({ passed, failed: failures.length, skipped, failures, skips } satisfies Outcome)
}

function reasonOf(skip: string | boolean): string {
  return typeof skip === 'string' && skip !== '' ? skip : 'NO REASON GIVEN'
}

/** Whether it fails only because something inside it does. */
function isOfSubtests(error: Error): boolean {
  return (error as Error & { failureType?: string }).failureType === 'subtestsFailed'
}

function messageOf(error: Error): string {
  const cause: unknown = error.cause
  const message = cause instanceof Error ? cause.message : error.message
  return message.split('\n')[0] ?? ''
}
