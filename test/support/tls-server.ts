/**
 * A TLS server on 127.0.0.1 that presents whatever chain it is told to, and records what it is sent.
 *
 * It serves certificates in exactly the given order and number: OpenSSL sends what it is configured with, and the empty
 * `ca` below keeps it from completing a short chain out of a trust store. Old clients and weak certificates are welcome
 * (security level 0): whether they are acceptable is for the client under test to say.
 */

import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { DEFAULT_CIPHERS, type TLSSocket } from 'node:tls'
import { answer, type Respond } from './answer.ts'
import { Connections } from './connections.ts'
import { listen } from './listen.ts'
import { type ReceivedRequest, Recorder, type Recording } from './recording.ts'
import { Signal } from './signal.ts'

export interface PresentedChain {
  /** PEM of the first certificate's key. */
  readonly key: string
  /** PEM, the leaf first; the rest is served in exactly this order, duplicates and strangers included. */
  readonly chain: readonly string[]
}

export interface TlsServerOptions {
  /** Unset: both. */
  readonly versions?: 'TLSv1.2' | 'TLSv1.3'
  /** Offers h2 and http/1.1. Unset: http/1.1 only. */
  readonly http2?: boolean
  /** Unset: 200 "ok". */
  readonly respond?: Respond
  /** Asks the client for a certificate, and takes any. */
  readonly requestCert?: boolean
  /** Awaited for every connection before the handshake begins. */
  readonly delayHandshake?: () => Promise<void>
}

export interface TlsServer {
  readonly port: number
  readonly recording: Recording
  /** What new handshakes get. Resumption goes on working: the ticket keys stay. */
  present(chain: PresentedChain): void
  /** What new handshakes with this SNI get; everyone else gets what `present` says. */
  presentFor(servername: string, chain: PresentedChain): void
  /** No session from before resumes any more. */
  ticketKeysRenew(): void
  connectionsOpen(): number
  destroyConnections(how?: 'close' | 'reset'): void
  whenConnectionsClosed(): Promise<void>
  /** The next TCP connection. */
  whenConnected(): Promise<void>
  /** The next completed handshake. */
  whenHandshaken(): Promise<{ servername: string | undefined; resumed: boolean; alpn: string | undefined }>
  /** The next request that arrives whole. */
  whenRequested(): Promise<ReceivedRequest>
  close(): Promise<void>
}

type Handshake = Awaited<ReturnType<TlsServer['whenHandshaken']>>

export async function startTlsServer(chain: PresentedChain, options: TlsServerOptions = {}): Promise<TlsServer> {
  const recorder = new Recorder()
  const connections = new Connections()
  const connected = new Signal<void>()
  const handshaken = new Signal<Handshake>()
  const requested = new Signal<ReceivedRequest>()
  let presented = chain
  let ticketKeys = randomBytes(48)

  const secure = createServer(options)
  const contextOf = ({ key, chain }: PresentedChain) => ({
    ...versionsOf(options),
    key,
    cert: chain.join('\n'),
    ca: [],
    ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=0`,
    ticketKeys,
  })
  secure.setSecureContext(contextOf(presented))
  secure.on('tlsClientError', () => {}) // A client that refuses us is the point of most tests.
  record(secure, { recorder, handshaken, requested, respond: options.respond })

  const front = createTcpServer({ pauseOnConnect: true }, (socket: Socket) => {
    connections.add(socket)
    recorder.connections += 1
    connected.emit()
    const ready = options.delayHandshake?.() ?? Promise.resolve()
    void ready.then(() => socket.destroyed || secure.emit('connection', socket))
  })
  const port = await listen(front)

  return {
    port,
    recording: recorder,
    present(next) {
      presented = next
      secure.setSecureContext(contextOf(next))
    },
    presentFor: (servername, next) => secure.addContext(servername, contextOf(next)),
    ticketKeysRenew() {
      ticketKeys = randomBytes(48)
      secure.setSecureContext(contextOf(presented))
    },
    connectionsOpen: () => connections.open,
    destroyConnections: (how) => connections.destroy(how),
    whenConnectionsClosed: () => connections.whenAllClosed(),
    whenConnected: () => connected.next(),
    whenHandshaken: () => handshaken.next(),
    whenRequested: () => requested.next(),
    close: async () => {
      connections.destroy()
      await new Promise<void>((resolve) => front.close(() => resolve()))
      secure.close()
    },
  }
}

function createServer({ http2, requestCert = false }: TlsServerOptions): Http2SecureServer | HttpsServer {
  const patient = { keepAliveTimeout: 0, requestTimeout: 0 }
  const mutual = { requestCert, rejectUnauthorized: false }
  if (http2) return createSecureServer({ ...mutual, allowHTTP1: true, http1Options: patient })
  return createHttpsServer({ ...mutual, ...patient })
}

function versionsOf({ versions }: TlsServerOptions) {
  return versions === undefined ? {} : { minVersion: versions, maxVersion: versions }
}

interface Listening {
  readonly recorder: Recorder
  readonly handshaken: Signal<Handshake>
  readonly requested: Signal<ReceivedRequest>
  readonly respond: Respond | undefined
}

/** Connections are told apart by the client's port: HTTP/2 hides the socket itself behind a proxy. */
function record(secure: Http2SecureServer | HttpsServer, listening: Listening): void {
  const { recorder, handshaken, requested, respond } = listening
  const open = new Map<number, { connection: number; servername: string | undefined; socket: TLSSocket }>()
  let counted = 0

  secure.on('secureConnection', (socket: TLSSocket) => {
    const servername = socket.servername || undefined
    const resumed = socket.isSessionReused()
    const clientPort = socket.remotePort ?? 0
    open.set(clientPort, { connection: ++counted, servername, socket })
    socket.once('close', () => open.delete(clientPort))
    socket.on('error', () => {})
    if (socket.alpnProtocol === 'h2') recorder.countBy(() => socket.bytesRead)
    else socket.on('data', (chunk: Buffer) => recorder.chunk(chunk))
    recorder.handshake(servername, resumed)
    handshaken.emit({ servername, resumed, alpn: socket.alpnProtocol || undefined })
  })

  secure.on(
    'request',
    (incoming: IncomingMessage | Http2ServerRequest, outgoing: ServerResponse | Http2ServerResponse) => {
      const from = open.get(incoming.socket.remotePort ?? 0)
      const connection = from?.connection ?? 0
      const cut = () => void from?.socket.destroy()
      void answer(incoming, outgoing, { recorder, requested, respond, connection, servername: from?.servername, cut })
    },
  )
}
