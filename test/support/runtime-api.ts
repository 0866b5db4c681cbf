/**
 * The Lambda Runtime API (2018-06-01) on loopback: the function's side asks for invocations and posts what came of them.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Connections } from './connections.ts'
import { listen } from './listen.ts'

export interface Outcome {
  /** `error`: the handler threw. */
  readonly kind: 'response' | 'error'
  /** Parsed when it is JSON, else the text; a streamed response is the whole stream. */
  readonly body: unknown
  readonly text: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly trailers: Readonly<Record<string, string | undefined>>
}

interface Invocation {
  readonly id: string
  readonly event: unknown
  readonly timeoutMs: number
}

export interface RuntimeApi {
  /** `127.0.0.1:<port>`, as in AWS_LAMBDA_RUNTIME_API. */
  readonly address: string
  readonly initError: unknown
  invoke(event: unknown, timeoutMs: number): Promise<Outcome>
  /** Every invocation without an outcome, now or later, rejects with this error. */
  abandon(error: Error): void
  close(): Promise<void>
}

const PREFIX = '/2018-06-01/runtime/'

export const FUNCTION_ARN = 'arn:aws:lambda:us-east-1:123456789012:function:kit'

export async function startRuntimeApi(): Promise<RuntimeApi> {
  const invocations = new Invocations()
  const connections = new Connections()
  let initError: unknown

  async function attend(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const path = (incoming.url ?? '').replace(PREFIX, '')
    if (path === 'invocation/next') return invocations.take(outgoing)
    const text = await textOf(incoming)
    const body = parsed(text)
    const [, id = '', kind] = /^invocation\/([^/]+)\/(response|error)$/.exec(path) ?? []
    if (path === 'init/error') initError = body
    else if (kind !== 'response' && kind !== 'error') return void outgoing.writeHead(404).end()
    else invocations.settle(id, { kind, text, body, headers: incoming.headers, trailers: incoming.trailers })
    outgoing.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}')
  }
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (incoming, outgoing) => {
    attend(incoming, outgoing).catch((error) => outgoing.destroy(error))
  })
  server.on('connection', (socket: Socket) => connections.add(socket))
  const port = await listen(server)

  return {
    address: `127.0.0.1:${port}`,
    get initError() {
      return initError
    },
    invoke: (event, timeoutMs) => invocations.add(event, timeoutMs),
    abandon: (error) => invocations.abandon(error),
    close: async () => {
      connections.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** Invocations wait for a runtime that asks, runtimes that asked wait for an invocation. */
class Invocations {
  #queue: Invocation[] = []
  #waiting: ServerResponse[] = []
  #pending = new Map<string, PromiseWithResolvers<Outcome>>()
  #count = 0
  #abandoned: Error | undefined

  add(event: unknown, timeoutMs: number): Promise<Outcome> {
    if (this.#abandoned) return Promise.reject(this.#abandoned)
    const outcome = Promise.withResolvers<Outcome>()
    outcome.promise.catch(() => {}) // A test may stop a function without waiting for every answer.
    const id = `request-${++this.#count}`
    this.#pending.set(id, outcome)
    this.#queue.push({ id, event, timeoutMs })
    this.#dispatch()
    return outcome.promise
  }

  take(taker: ServerResponse): void {
    this.#waiting.push(taker)
    this.#dispatch()
  }

  settle(id: string, outcome: Outcome): void {
    this.#pending.get(id)?.resolve(outcome)
    this.#pending.delete(id)
  }

  abandon(error: Error): void {
    this.#abandoned = error
    for (const outcome of this.#pending.values()) outcome.reject(error)
    this.#pending.clear()
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const taker = this.#waiting.shift()
      if (!taker) return
      if (taker.destroyed) continue
      const invocation = this.#queue.shift()
      if (invocation) give(taker, invocation)
    }
  }
}

function give(outgoing: ServerResponse, { id, event, timeoutMs }: Invocation): void {
  outgoing.writeHead(200, {
    'Content-Type': 'application/json',
    'Lambda-Runtime-Aws-Request-Id': id,
    'Lambda-Runtime-Deadline-Ms': String(Date.now() + timeoutMs),
    'Lambda-Runtime-Invoked-Function-Arn': FUNCTION_ARN,
    'Lambda-Runtime-Trace-Id': 'Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1',
  })
  outgoing.end(JSON.stringify(event ?? null))
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
