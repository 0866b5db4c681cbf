/**
 * The example function as deployed: its bundle built by the stack, run by Lambda's runtime client in a process of its
 * own, called by events, and heard by what it prints.
 */

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ExampleResult } from '../../../functions/example.ts'
import type { CallResult } from '../../../functions/partner-call.ts'
import type { Assembly } from '../../../infra/assembly.ts'
import type { MetricName } from '../../../lib/events.ts'
import { type Runtime, startFunction } from '../lambda-runtime.ts'
import { type MetricLine, metricLine } from './metric-line.ts'
import { within } from './observation.ts'

export type { CallResult } from '../../../functions/partner-call.ts'

/** As the stack sets it. */
const FUNCTION_TIMEOUT_MS = 30_000

/** From the event to the line on stdout: the function has printed it by then, the pipe may lag. */
const PRINT_LIMIT_MS = 10_000

export interface Bundle extends Assembly {
  readonly bytes: number
}

export interface Settings {
  readonly secretArn: string
  readonly partnerUrl: string
  /** File with the PEM of the roots that it trusts besides Node's. */
  readonly caFile: string
  readonly environment: Readonly<Record<string, string>>
}

export interface Invocation {
  readonly results: readonly CallResult[]
  readonly ms: number
}

/** One execution environment of the function. */
export interface ExampleFunction {
  readonly runtime: string
  /** One invocation, which makes that many calls at once. Unset: 1. */
  invoke(calls?: number): Promise<Invocation>
  /** The first line of its output, printed already or yet to come, that carries this metric and fits. */
  whenMetric(name: MetricName, fits?: (line: MetricLine) => boolean): Promise<MetricLine>
  stop(): Promise<void>
}

/** Builds it into a directory, exactly as a deployment does. The CDK takes a second to load, so only here. */
export async function buildBundle(directory: string): Promise<Bundle> {
  const { synthesize } = await import('../../../infra/assembly.ts')
  const assembly = synthesize(directory)
  return { ...assembly, bytes: statSync(join(assembly.functionAsset, 'index.mjs')).size }
}

export async function startExample(bundle: Bundle, settings: Settings): Promise<ExampleFunction> {
  const running = await startFunction({
    taskRoot: bundle.functionAsset,
    handler: bundle.handler,
    environment: {
      ...bundle.environment,
      ...settings.environment,
      PINNED_FETCH_SECRET_ID: settings.secretArn,
      PARTNER_URL: settings.partnerUrl,
      NODE_EXTRA_CA_CERTS: settings.caFile,
    },
  })
  return {
    runtime: nameOf(running.runtime),
    async invoke(calls = 1) {
      const begun = performance.now()
      const invoked = running.invoke({ calls }, { timeoutMs: FUNCTION_TIMEOUT_MS })
      const { kind, body, text } = await within(FUNCTION_TIMEOUT_MS, 'an answer of the function', invoked)
      if (kind === 'error') throw new Error(`The function failed: ${text}`)
      return { results: (body as ExampleResult).results, ms: Math.round(performance.now() - begun) }
    },
    async whenMetric(name, fits = () => true) {
      const printed = running.whenPrinted((text) => {
        const line = metricLine(text, name)
        return line !== undefined && fits(line)
      })
      const text = await within(PRINT_LIMIT_MS, `a line with the metric ${name}`, printed)
      return metricLine(text, name) as MetricLine
    },
    stop: () => running.stop(),
  }
}

function nameOf(runtime: Runtime): string {
  if (runtime === 'loop') return 'a small runtime loop of the same API (aws-lambda-ric is not built here)'
  const manifest = new URL('../../../.runtime/node_modules/aws-lambda-ric/package.json', import.meta.url)
  return `aws-lambda-ric ${JSON.parse(readFileSync(manifest, 'utf8')).version}, Lambda's own runtime client`
}
