/**
 * How a test server answers one request, over HTTP/1.1 and HTTP/2 alike.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { ReceivedRequest, Recorder } from './recording.ts'
import type { Signal } from './signal.ts'

export interface Answer {
  /** Unset: 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Unset: "ok". */
  readonly body?: string
}

/** `hang` never answers; `destroy` cuts the connection. A promise lets the test say when. */
export type Respond = (request: ReceivedRequest) => Verdict | Promise<Verdict>
type Verdict = Answer | 'hang' | 'destroy'

type Incoming = IncomingMessage | Http2ServerRequest
/** What both kinds of response have in common, in one signature. */
type Outgoing = Pick<ServerResponse | Http2ServerResponse, 'statusCode' | 'setHeader'> & { end(body: string): unknown }

export interface Exchange {
  readonly recorder: Recorder
  readonly requested: Signal<ReceivedRequest>
  readonly respond: Respond | undefined
  /** The connection's number, and what cuts it. */
  readonly connection: number
  readonly servername: string | undefined
  readonly cut: () => void
}

export async function answer(incoming: Incoming, outgoing: Outgoing, exchange: Exchange): Promise<void> {
  const body = await bodyOf(incoming)
  if (body === undefined) return
  const request: ReceivedRequest = {
    method: incoming.method ?? '',
    url: incoming.url ?? '',
    headers: incoming.headers,
    body,
    httpVersion: incoming.httpVersionMajor === 2 ? '2.0' : '1.1',
    servername: exchange.servername,
    connection: exchange.connection,
  }
  exchange.recorder.received.push(request)
  exchange.requested.emit(request)
  const verdict = (await exchange.respond?.(request)) ?? {}
  if (verdict === 'hang') return
  if (verdict === 'destroy') return exchange.cut()
  outgoing.statusCode = verdict.status ?? 200
  for (const [name, value] of Object.entries({ 'content-type': 'text/plain', ...verdict.headers })) {
    outgoing.setHeader(name, value)
  }
  outgoing.end(verdict.body ?? 'ok')
}

/** `undefined` when the client went away in the middle. */
async function bodyOf(incoming: Incoming): Promise<string | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of incoming) chunks.push(Buffer.from(chunk))
  } catch {
    return undefined
  }
  return Buffer.concat(chunks).toString()
}
