/**
 * The lines that the metrics writer prints, as CloudWatch would get them: from the stdout of a process of its own whose
 * console is patched as Lambda's runtime patches it, or from this process.
 */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import type { MetricName } from '../../lib/events.ts'
import { METRICS } from '../../lib/events.ts'

/** An EMF line as CloudWatch reads it. */
export interface Line {
  readonly _aws: {
    readonly Timestamp: number
    readonly CloudWatchMetrics: readonly [
      {
        readonly Namespace: string
        readonly Dimensions: string[][]
        readonly Metrics: { Name: string; Unit: string }[]
      },
    ]
  }
  readonly [property: string]: unknown
}

/** The events and lines of a process of its own, so that they come from a real pipe and a console patched as in Lambda. */
const WORKER = `
import { PinnedFetchError } from './lib/errors.ts'
import { metricsObserver } from './lib/lambda/metrics.ts'
for (const method of ['log', 'info', 'warn', 'error', 'debug']) {
  console[method] = (...words) => process.stdout.write(JSON.stringify({ wrapped: true, message: words.join(' ') }) + '\\n')
}
const { Metrics } = await import('@aws-lambda-powertools/metrics')
const { options, events, sink, crash, concurrent } = JSON.parse(process.env.CASE)
const store = concurrent && (await (await import('@aws/lambda-invoke-store')).InvokeStore.getInstanceAsync())
const observe = metricsObserver({ ...options, ...(sink ? { sink: new Metrics(sink) } : {}) })
const tell = ({ error, ...event }) =>
  observe(error ? { ...event, error: new PinnedFetchError(error.code, error.evidence) } : event)
const invocation = async (event) => {
  await new Promise(setImmediate)
  tell(event)
}
if (store) await Promise.all(events.map((event) => store.run({}, () => invocation(event))))
else events.forEach(tell)
console.log('a line of the handler')
if (crash) process.kill(process.pid, 'SIGKILL')
`

export interface Case {
  readonly options?: object
  readonly events: readonly object[]
  readonly sink?: object
  readonly crash?: boolean
  /** Each event in an invocation of its own, all in flight at once, under the runtime's `InvokeStore`. */
  readonly concurrent?: boolean
  readonly env?: Record<string, string>
}

export function run({ env = {}, options = {}, ...rest }: Case): string[] {
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', WORKER], {
    cwd: new URL('../..', import.meta.url),
    env: { PATH: process.env['PATH'], ...env, CASE: JSON.stringify({ options, ...rest }) },
    encoding: 'utf8',
  })
  if (!rest.crash) assert.equal(child.status, 0, child.stderr)
  assert.equal(child.stderr, '')
  return child.stdout.split('\n').slice(0, -1)
}

export function lines(cases: Case): Line[] {
  return run(cases)
    .map((line) => JSON.parse(line) as Line)
    .filter((line) => !('wrapped' in line))
}

export function only<Item>(items: readonly Item[]): Item {
  const [item] = items
  assert.ok(item !== undefined && items.length === 1, `expected one item, got ${JSON.stringify(items)}`)
  return item
}

/** The rules of the EMF specification that decide whether CloudWatch makes a metric of the line. */
export function assertValidEmf(line: Line): void {
  assert.ok(Number.isInteger(line._aws.Timestamp) && Math.abs(Date.now() - line._aws.Timestamp) < 60_000)
  const directive = only(line._aws.CloudWatchMetrics)
  assert.match(directive.Namespace, /^[\w./#:-]{1,256}$/)
  assert.ok(directive.Dimensions.length > 0)
  for (const set of directive.Dimensions) {
    assert.ok(set.length > 0 && set.length <= 30)
    for (const key of set) {
      const value = line[key]
      assert.ok(typeof value === 'string' && /^(?!:)[ -~]{1,1024}$/.test(value), `dimension ${key}: ${value}`)
    }
  }
  assert.ok(directive.Metrics.length > 0 && directive.Metrics.length <= 100)
  for (const { Name, Unit } of directive.Metrics) {
    assert.equal(Unit, METRICS[Name as MetricName].unit)
    assert.equal(typeof line[Name], 'number')
  }
}

/** What a synchronous action writes to this process's stdout, by line. */
export function captureStdout(action: () => void): string[] {
  const chunks: string[] = []
  const { write } = process.stdout
  process.stdout.write = (chunk: string | Uint8Array) => chunks.push(String(chunk)) > 0
  try {
    action()
  } finally {
    process.stdout.write = write
  }
  return chunks.join('').split('\n').slice(0, -1)
}
