/**
 * CloudFormation as a custom resource sees it: an event with a URL, and whoever listens there. Amazon S3 takes the answer of
 * a real one; here it is a server on loopback, over HTTPS where it is given a certificate.
 */

import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import { Connections } from '../support/connections.ts'
import { listen } from '../support/listen.ts'
import { Signal } from '../support/signal.ts'

export interface TakenAnswer {
  readonly Status: 'SUCCESS' | 'FAILED'
  readonly Reason?: string
  readonly PhysicalResourceId: string
  readonly StackId: string
  readonly RequestId: string
  readonly LogicalResourceId: string
  readonly Data?: Readonly<Record<string, string>>
}

export interface StackWatcher {
  /** What came, in order, with the request that brought it. */
  readonly answers: readonly {
    readonly answer: TakenAnswer
    readonly text: string
    readonly request: IncomingMessage
  }[]
  /** The event of one change; the properties are the template's. */
  event(type: 'Create' | 'Update' | 'Delete', properties: Readonly<Record<string, unknown>>): Record<string, unknown>
  /** The next answers are refused with this status, so many times. */
  refuse(status: number, times: number): void
  close(): Promise<void>
}

/** @param tls unset: plain HTTP */
export async function watchStack(tls?: { readonly key: string; readonly cert: string }): Promise<StackWatcher> {
  const answers: { answer: TakenAnswer; text: string; request: IncomingMessage }[] = []
  const arrived = new Signal<TakenAnswer>()
  const connections = new Connections()
  let refusal = { status: 200, times: 0 }
  const attend: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      if (refusal.times > 0) {
        refusal = { ...refusal, times: refusal.times - 1 }
        return response.writeHead(refusal.status).end()
      }
      const text = Buffer.concat(chunks).toString()
      const answer = JSON.parse(text) as TakenAnswer
      answers.push({ answer, text, request })
      arrived.emit(answer)
      return response.end()
    })
  }
  const server = tls ? createHttpsServer(tls, attend) : createServer(attend)
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => connections.add(socket))
  const port = await listen(server)
  return {
    answers,
    event: (type, properties) => ({
      RequestType: type,
      ServiceToken: 'arn:aws:lambda:us-east-1:123456789012:function:kit',
      ResponseURL: `${tls ? 'https://localhost' : 'http://127.0.0.1'}:${port}/bucket?signature=not-a-secret`,
      StackId: 'arn:aws:cloudformation:us-east-1:123456789012:stack/kit/1',
      RequestId: randomUUID(),
      LogicalResourceId: 'Policy',
      ResourceType: 'Custom::PinnedFetchInitialPolicy',
      ResourceProperties: { ServiceToken: 'arn', ...properties },
      ...(type === 'Create' ? {} : { PhysicalResourceId: 'arn:what-it-was' }),
      ...(type === 'Update' ? { OldResourceProperties: {} } : {}),
    }),
    refuse(status, times) {
      refusal = { status, times }
    },
    close: async () => {
      connections.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
