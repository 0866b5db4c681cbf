/**
 * What a proxy of the test kit saw: the evidence that it learned no more than where a call goes.
 *
 * Counted is what the proxy can read: for a proxy over TLS after decryption, so a handshake alone leaves `bytes` at zero.
 */

import type { IncomingHttpHeaders } from 'node:http'
import { Signal } from './signal.ts'

export interface ProxyRecording {
  /** Bytes said to the proxy itself, outside of tunnels, since the start or `clear()`. */
  readonly bytes: number
  /** The same bytes, as Latin-1. */
  readonly text: string
  readonly connections: number
  /** TLS handshakes with the proxy itself, and how many of them resumed a session. */
  readonly handshakes: number
  readonly resumed: number
  /** SNI of each of those, `undefined` where the client sent none. */
  readonly servernames: readonly (string | undefined)[]
  /** Every tunnel that was asked for, granted or not. */
  readonly tunnels: readonly AskedTunnel[]
  /** `METHOD url` of each request that was not for a tunnel. */
  readonly requests: readonly string[]
  /** SOCKS5: the authentication methods of each greeting. */
  readonly methods: readonly (readonly number[])[]
  clear(): void
}

export interface Asking {
  /** `host:port`, as the client wrote it; IPv6 in brackets. */
  readonly target: string
  readonly host: string
  readonly port: number
  /** SOCKS5: how the host was written. CONNECT: what it looks like. */
  readonly addressType: 'name' | 'IPv4' | 'IPv6'
  /** CONNECT: the headers of the request. SOCKS5: none. */
  readonly headers: IncomingHttpHeaders
  /** `name:password`, as the proxy understood them. */
  readonly credentials: string | undefined
  /** Counts the proxy's connections from 1: each tunnel has one of its own. */
  readonly connection: number
}

export class AskedTunnel {
  readonly target: string
  readonly host: string
  readonly port: number
  readonly addressType: Asking['addressType']
  readonly headers: IncomingHttpHeaders
  readonly credentials: string | undefined
  readonly connection: number
  /** Bytes that came for the tunnel before the proxy had said anything. */
  early = 0
  /** The proxy sets it with its first word. */
  isAnswered = false
  #sent: Buffer[] = []
  #decrypted: Buffer[] = []

  constructor(asking: Asking) {
    this.target = asking.target
    this.host = asking.host
    this.port = asking.port
    this.addressType = asking.addressType
    this.headers = asking.headers
    this.credentials = asking.credentials
    this.connection = asking.connection
  }

  /** What the client sent after the proxy's answer. */
  get sent(): Buffer {
    return Buffer.concat(this.#sent)
  }

  /** What an interceptor could read of it. */
  get intercepted(): string {
    return Buffer.concat(this.#decrypted).toString('latin1')
  }

  heard(chunk: Buffer): void {
    if (this.isAnswered) this.#sent.push(chunk)
    else this.early += chunk.length
  }

  decrypted(chunk: Buffer): void {
    this.#decrypted.push(chunk)
  }
}

/** The proxies write into it. */
export class ProxyRecorder implements ProxyRecording {
  connections = 0
  handshakes = 0
  resumed = 0
  servernames: (string | undefined)[] = []
  tunnels: AskedTunnel[] = []
  requests: string[] = []
  methods: number[][] = []
  readonly connected = new Signal<void>()
  readonly askedFor = new Signal<AskedTunnel>()
  #chunks: Buffer[] = []

  get bytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1')
  }

  /** Counts a TCP connection, and gives its number. */
  connection(): number {
    this.connections += 1
    this.connected.emit()
    return this.connections
  }

  handshake(servername: string | undefined, resumed: boolean): void {
    this.handshakes += 1
    this.servernames.push(servername)
    if (resumed) this.resumed += 1
  }

  chunk(bytes: Buffer): void {
    this.#chunks.push(bytes)
  }

  asked(asking: Asking): AskedTunnel {
    const tunnel = new AskedTunnel(asking)
    this.tunnels.push(tunnel)
    this.askedFor.emit(tunnel)
    return tunnel
  }

  clear(): void {
    this.handshakes = 0
    this.resumed = 0
    this.servernames = []
    this.tunnels = []
    this.requests = []
    this.methods = []
    this.connections = 0
    this.#chunks = []
  }
}
