/**
 * What the proxies of the test kit have in common: what they saw, and how they answer and carry a tunnel.
 *
 * A proxy belongs to whoever runs it. So it records all it is told (what was said to itself, and what went through each
 * tunnel), and it may lie at every step: a {@link ProxyAnswer} is any bytes, in one piece or byte by byte, and what
 * comes after them, an interceptor included, who speaks TLS in the origin's place.
 *
 * The proxies themselves: connect-proxy.ts (HTTP CONNECT, plain or over TLS) and socks-proxy.ts (SOCKS5).
 */

import { connect as connectTcp, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { TLSSocket } from 'node:tls'
import type { Connections } from './connections.ts'
import type { AskedTunnel, ProxyRecording } from './proxy-recording.ts'
import type { PresentedChain } from './tls-server.ts'

export type { AskedTunnel, ProxyRecording } from './proxy-recording.ts'

export interface ProxyServer {
  readonly port: number
  readonly recording: ProxyRecording
  /** The next TCP connection. */
  whenConnected(): Promise<void>
  /** The next wish for a tunnel that arrives whole, granted or not. */
  whenAsked(): Promise<AskedTunnel>
  connectionsOpen(): number
  destroyConnections(how?: 'close' | 'reset'): void
  whenConnectionsClosed(): Promise<void>
  close(): Promise<void>
}

export interface ProxyOptions {
  /** Where a name leads, for names in lower case. For any other name: the port asked for, on 127.0.0.1. */
  readonly routes?: Readonly<Record<string, number>>
  /** `name:password`. Without them there is no tunnel. Unset: everybody gets one. */
  readonly credentials?: string
}

export interface ProxyAnswer {
  /** Latin-1, sent as they are. */
  readonly bytes: string
  /** Each byte in a write of its own. */
  readonly piecemeal?: boolean
  /** Unset: it goes on as if it had answered honestly. `stall` says no more, and hangs up neither. */
  readonly next?: 'stall' | 'close' | 'reset' | Interception
}

/** The proxy speaks TLS itself, and answers 200 "intercepted" to whatever it reads. */
export interface Interception {
  readonly intercept: PresentedChain
}

/** Sends an answer. Whether the honest way goes on. */
export async function say(client: Duplex, asked: AskedTunnel | undefined, answer: ProxyAnswer): Promise<boolean> {
  if (asked !== undefined) asked.isAnswered = true
  const pieces = answer.piecemeal ? [...answer.bytes] : [answer.bytes]
  for (const piece of pieces) {
    if (client.destroyed) return false
    if (piece !== '') client.write(piece, 'latin1')
    if (answer.piecemeal) await nextTurn()
  }
  if (answer.next === 'close') client.end()
  else if (answer.next === 'reset') reset(client)
  else if (typeof answer.next === 'object') intercept(client, asked, answer.next)
  return answer.next === undefined
}

/** The way to the origin; rejects when nobody listens there. */
export function reach({ host, port }: AskedTunnel, { routes = {} }: ProxyOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const upstream = connectTcp({ host: '127.0.0.1', port: routes[host.toLowerCase()] ?? port, noDelay: true })
    upstream.once('error', reject).once('connect', () => resolve(upstream))
  })
}

/** Carries bytes both ways until one side hangs up. */
export function carry(client: Duplex, upstream: Socket): void {
  client.pipe(upstream)
  upstream.pipe(client)
  hangUpTogether(client, upstream)
  hangUpTogether(upstream, client)
}

export async function closeProxy(connections: Connections, server: { close(done: () => void): unknown }) {
  connections.destroy()
  await new Promise<void>((resolve) => server.close(() => resolve()))
}

function hangUpTogether(one: Duplex, other: Duplex): void {
  one.on('error', () => other.destroy()).once('close', () => other.destroy())
}

/** TLS over a socket that is reset can only be closed. */
function reset(client: Duplex): void {
  if (client instanceof Socket && !(client instanceof TLSSocket)) client.resetAndDestroy()
  else client.destroy()
}

function intercept(client: Duplex, asked: AskedTunnel | undefined, { intercept: { key, chain } }: Interception): void {
  const secure = new TLSSocket(client, { isServer: true, key, cert: chain.join('\n') })
  secure.on('data', (chunk: Buffer) => {
    asked?.decrypted(chunk)
    secure.write('HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nintercepted')
  })
  secure.on('error', () => client.destroy()).once('close', () => client.destroy())
}
