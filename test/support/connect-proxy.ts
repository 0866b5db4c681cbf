/**
 * An HTTP proxy on 127.0.0.1 that opens tunnels (CONNECT, RFC 9110 section 9.3.6), over plain TCP or over TLS.
 *
 * Nothing but CONNECT is served: any other request is recorded and answered with 501, and a test can say that there was
 * none. How it answers a CONNECT is for the test to say; see {@link ProxyAnswer}.
 */

import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import { createServer as createTcpServer, isIPv4, isIPv6, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { Connections } from './connections.ts'
import { listen } from './listen.ts'
import { type AskedTunnel, type Asking, ProxyRecorder } from './proxy-recording.ts'
import { carry, closeProxy, type ProxyAnswer, type ProxyOptions, type ProxyServer, reach, say } from './proxy-server.ts'
import type { PresentedChain } from './tls-server.ts'

export interface ConnectProxyOptions extends ProxyOptions {
  /** Speaks TLS with this certificate. Unset: plain. */
  readonly identity?: PresentedChain
  /** `undefined`: an honest answer. A promise lets the test say when. */
  readonly answer?: (asked: AskedTunnel) => ProxyAnswer | undefined | Promise<ProxyAnswer | undefined>
  /** Awaited for every connection before the TLS handshake begins. */
  readonly delayHandshake?: () => Promise<void>
}

export interface ConnectProxy extends ProxyServer {
  /** What new handshakes get. */
  present(identity: PresentedChain): void
}

export const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n'

/** A whole answer that grants nothing. The connection stays open, as real proxies leave it. */
export function refusal(status: number, headers = '', body = 'no tunnel'): ProxyAnswer {
  return {
    bytes: `HTTP/1.1 ${status} No\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`,
    next: 'stall',
  }
}

export async function startConnectProxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const recorder = new ProxyRecorder()
  const connections = new Connections()
  const numbers = new Map<number, number>()
  const server = createServer(options, recorder)
  record(server, { recorder, numbers, options })
  // Paused for the TLS server, which takes it over; an HTTP server would never read it again.
  const isSecure = options.identity !== undefined
  const front = createTcpServer({ pauseOnConnect: isSecure, noDelay: true }, (socket: Socket) => {
    connections.add(socket)
    numbers.set(socket.remotePort ?? 0, recorder.connection())
    if (!isSecure) return void server.emit('connection', socket)
    const ready = options.delayHandshake?.() ?? Promise.resolve()
    void ready.then(() => socket.destroyed || server.emit('connection', socket))
  })
  const port = await listen(front)
  return {
    port,
    recording: recorder,
    present: (identity) => {
      if ('setSecureContext' in server) server.setSecureContext(contextOf(identity))
    },
    whenConnected: () => recorder.connected.next(),
    whenAsked: () => recorder.askedFor.next(),
    connectionsOpen: () => connections.open,
    destroyConnections: (how) => connections.destroy(how),
    whenConnectionsClosed: () => connections.whenAllClosed(),
    close: () => closeProxy(connections, front),
  }
}

const PATIENT = { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }

function createServer({ identity }: ConnectProxyOptions, recorder: ProxyRecorder): HttpServer | HttpsServer {
  if (identity === undefined) return createHttpServer(PATIENT)
  const server = createHttpsServer({ ...PATIENT, ...contextOf(identity) })
  server.on('secureConnection', (socket: TLSSocket) =>
    recorder.handshake(socket.servername || undefined, socket.isSessionReused()),
  )
  server.on('tlsClientError', () => {}) // A client that refuses the proxy is the point of some tests.
  return server
}

function contextOf({ key, chain }: PresentedChain) {
  return { key, cert: chain.join('\n'), ca: [] }
}

interface Listening {
  readonly recorder: ProxyRecorder
  /** The number of a connection, by the client's port. */
  readonly numbers: ReadonlyMap<number, number>
  readonly options: ConnectProxyOptions
}

function record(server: HttpServer | HttpsServer, { recorder, numbers, options }: Listening): void {
  const tunnels = new WeakMap<Duplex, AskedTunnel>()
  server.on(options.identity === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    socket.on('error', () => {})
    // Before Node's parser, which may take the socket out of HTTP with this very chunk.
    socket.prependListener('data', (chunk: Buffer) => {
      const tunnel = tunnels.get(socket)
      if (tunnel === undefined) recorder.chunk(chunk)
      else tunnel.heard(chunk)
    })
  })
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    const connection = numbers.get(request.socket.remotePort ?? 0) ?? 0
    const asked = recorder.asked({ ...placeOf(request), connection })
    tunnels.set(client, asked)
    asked.heard(head)
    void serve(client, asked, options)
  })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    recorder.requests.push(`${request.method} ${request.url}`)
    response.writeHead(501).end()
  })
}

function placeOf({ url = '', headers }: IncomingMessage): Omit<Asking, 'connection'> {
  const [, host = '', port] = /^(.*):(\d+)$/.exec(url) ?? []
  const name = host.replace(/^\[(.*)\]$/, '$1')
  const addressType = isIPv4(name) ? 'IPv4' : isIPv6(name) ? 'IPv6' : 'name'
  const basic = /^Basic (.+)$/.exec(headers['proxy-authorization'] ?? '')?.[1]
  const credentials = basic === undefined ? undefined : Buffer.from(basic, 'base64').toString()
  return { target: url, host: name, port: Number(port), addressType, headers, credentials }
}

async function serve(client: Duplex, asked: AskedTunnel, options: ConnectProxyOptions): Promise<void> {
  const answer = (await options.answer?.(asked)) ?? honestAnswer(asked, options)
  if (answer.next !== undefined) return void (await say(client, asked, answer))
  let upstream: Socket
  try {
    upstream = await reach(asked, options)
  } catch {
    return void (await say(client, asked, refusal(502)))
  }
  if (await say(client, asked, answer)) carry(client, upstream)
  else upstream.destroy()
}

function honestAnswer({ credentials }: AskedTunnel, options: ConnectProxyOptions): ProxyAnswer {
  const isKnown = options.credentials === undefined || options.credentials === credentials
  return isKnown ? { bytes: ESTABLISHED } : refusal(407, 'Proxy-Authenticate: Basic realm="kit"\r\n')
}
