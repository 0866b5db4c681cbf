/**
 * Runs a handler as AWS Lambda does: in a process of its own, under the real runtime client (aws-lambda-ric), driven
 * through the Runtime API, and frozen and thawed between invocations.
 *
 * Where the client could not be built, a small loop of the same API takes its place: without streaming and threads.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Lines } from './lines.ts'
import { type Outcome, type RuntimeApi, startRuntimeApi } from './runtime-api.ts'

export type { Outcome } from './runtime-api.ts'

export type Runtime = 'ric' | 'loop'

export interface FunctionOptions {
  /** The folder of the handler's file. */
  readonly taskRoot: string
  /** "index.handler": file without extension, and export. */
  readonly handler: string
  /** AWS_LAMBDA_MAX_CONCURRENCY here gives worker threads (Managed Instances; aws-lambda-ric only). */
  readonly environment?: Readonly<Record<string, string>>
  /** Unset: aws-lambda-ric where it is built, else the loop. */
  readonly runtime?: Runtime
}

export interface RunningFunction {
  readonly runtime: Runtime
  readonly processId: number
  readonly stdout: readonly string[]
  readonly stderr: readonly string[]
  /** What the function reported instead of becoming ready. */
  readonly initError: unknown
  /** Settles once the process is gone, with its exit code (or `null`: killed). */
  readonly exited: Promise<number | null>
  /** Rejects when the process dies first. `timeoutMs` is the deadline that the function is told; nobody enforces it. */
  invoke(event: unknown, options?: { timeoutMs?: number }): Promise<Outcome>
  /** The first line on stdout, printed already or yet to come, that fits. */
  whenPrinted(fits: RegExp | ((line: string) => boolean)): Promise<string>
  freeze(): void
  thaw(): void
  stop(): Promise<void>
}

const RUNTIME_CLIENT = fileURLToPath(new URL('../../.runtime/node_modules/aws-lambda-ric/index.mjs', import.meta.url))
const RUNTIME_LOOP = fileURLToPath(new URL('./runtime-loop.mjs', import.meta.url))

/** What no invocation takes, on the busiest machine: Middy would end it. A test that is about time gives its own. */
const TIMEOUT_MS = 60_000

export function runtimeClientBuilt(): boolean {
  return existsSync(RUNTIME_CLIENT)
}

export async function startFunction(options: FunctionOptions): Promise<RunningFunction> {
  const runtime = options.runtime ?? (runtimeClientBuilt() ? 'ric' : 'loop')
  if (options.runtime === undefined && runtime === 'loop') {
    process.stderr.write('lambda-runtime: aws-lambda-ric is not built; the runtime loop takes its place\n')
  }
  const api = await startRuntimeApi()
  const child = spawn(process.execPath, [runtime === 'ric' ? RUNTIME_CLIENT : RUNTIME_LOOP], {
    cwd: options.taskRoot,
    env: environmentOf(options, api),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stdout = new Lines(child.stdout)
  const stderr = new Lines(child.stderr)
  const exited = whenGone(child)
  void exited.then((code) => {
    const printed = stderr.all.slice(-10).join('\n')
    api.abandon(new Error(`The function's process ended with ${code ?? child.signalCode}\n${printed}`))
  })

  return {
    runtime,
    processId: child.pid ?? 0,
    stdout: stdout.all,
    stderr: stderr.all,
    exited,
    get initError() {
      return api.initError
    },
    invoke: (event, { timeoutMs = TIMEOUT_MS } = {}) => api.invoke(event, timeoutMs),
    whenPrinted: (fits) => stdout.when(fits),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    stop: async () => {
      child.kill('SIGKILL')
      await exited
      await api.close()
    },
  }
}

async function whenGone(child: ChildProcess): Promise<number | null> {
  await once(child, 'close')
  return child.exitCode
}

function environmentOf({ taskRoot, handler, environment }: FunctionOptions, api: RuntimeApi): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    AWS_LAMBDA_RUNTIME_API: api.address,
    _HANDLER: handler,
    LAMBDA_TASK_ROOT: taskRoot,
    AWS_REGION: 'us-east-1',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: 'kit',
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
    AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/kit',
    AWS_LAMBDA_LOG_STREAM_NAME: '2026/01/01/[$LATEST]kit',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    ...environment,
  }
}
