/**
 * A recording HTTP server without TLS on 127.0.0.1, for `http:` URLs and for redirects that leave TLS.
 */

import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { answer, type Respond } from './answer.ts'
import { Connections } from './connections.ts'
import { listen } from './listen.ts'
import { type ReceivedRequest, Recorder, type Recording } from './recording.ts'
import { Signal } from './signal.ts'

export interface PlainServer {
  readonly port: number
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  readonly recording: Recording
  /** The next request that arrives whole. */
  whenRequested(): Promise<ReceivedRequest>
  connectionsOpen(): number
  destroyConnections(how?: 'close' | 'reset'): void
  whenConnectionsClosed(): Promise<void>
  close(): Promise<void>
}

export async function startPlainServer(options: { respond?: Respond } = {}): Promise<PlainServer> {
  const recorder = new Recorder()
  const connections = new Connections()
  const requested = new Signal<ReceivedRequest>()
  const numbers = new WeakMap<Socket, number>()
  let counted = 0

  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (incoming, outgoing) => {
    const { socket } = incoming
    void answer(incoming, outgoing, {
      recorder,
      requested,
      respond: options.respond,
      connection: numbers.get(socket) ?? 0,
      servername: undefined,
      cut: () => socket.destroy(),
    })
  })
  server.on('connection', (socket: Socket) => {
    connections.add(socket)
    recorder.connections += 1
    numbers.set(socket, ++counted)
    socket.on('data', (chunk: Buffer) => recorder.chunk(chunk))
  })
  const port = await listen(server)

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    recording: recorder,
    whenRequested: () => requested.next(),
    connectionsOpen: () => connections.open,
    destroyConnections: (how) => connections.destroy(how),
    whenConnectionsClosed: () => connections.whenAllClosed(),
    close: async () => {
      connections.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
