/** One call of a handler of the benchmarks, and how long it took by itself. */

export interface CallEvent {
  readonly url: string
}

export interface CallAnswer {
  readonly statusCode: number
  readonly body: string
  /** Milliseconds of the call alone. */
  readonly callMs: number
}

export async function timedCall(call: () => Promise<string>): Promise<CallAnswer> {
  const startedAt = performance.now()
  const body = await call()
  return { statusCode: 200, body, callMs: performance.now() - startedAt }
}
