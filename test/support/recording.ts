/**
 * What a test server saw: the evidence of every attack test ("the server saw no byte of the request").
 *
 * Counted is application data, after decryption; a handshake alone leaves `bytes` at zero.
 */

export interface ReceivedRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
  readonly httpVersion: '1.1' | '2.0'
  /** SNI; `undefined` over plain HTTP or when the client sent none. */
  readonly servername: string | undefined
  /** Counts the server's connections from 1: two requests with the same number shared one. */
  readonly connection: number
}

export interface Recording {
  /** Application bytes received over all connections since the start or `clear()`. */
  readonly bytes: number
  /** The same bytes, as Latin-1. HTTP/2 frames are counted in `bytes` but not kept here. */
  readonly text: string
  readonly connections: number
  /** Completed ones. A TLS 1.3 client may refuse and be gone before its handshake counts as completed here. */
  readonly handshakes: number
  readonly resumed: number
  readonly requests: number
  readonly received: readonly ReceivedRequest[]
  /** SNI of every completed handshake, `undefined` where the client sent none. */
  readonly servernames: readonly (string | undefined)[]
  clear(): void
}

/** The servers write into it. */
export class Recorder implements Recording {
  connections = 0
  handshakes = 0
  resumed = 0
  servernames: (string | undefined)[] = []
  received: ReceivedRequest[] = []
  #chunks: Buffer[] = []
  #counters: (() => number)[] = []
  #cleared = 0

  get bytes(): number {
    return this.#total() - this.#cleared
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1')
  }

  get requests(): number {
    return this.received.length
  }

  handshake(servername: string | undefined, resumed: boolean): void {
    this.handshakes += 1
    this.servernames.push(servername)
    if (resumed) this.resumed += 1
  }

  /** Keeps every byte; for connections that JavaScript reads. */
  chunk(bytes: Buffer): void {
    this.#chunks.push(bytes)
  }

  /** Counts only; for HTTP/2, whose bytes never pass through JavaScript. */
  countBy(counter: () => number): void {
    this.#counters.push(counter)
  }

  clear(): void {
    this.connections = 0
    this.handshakes = 0
    this.resumed = 0
    this.servernames = []
    this.received = []
    this.#chunks = []
    this.#cleared = this.#total()
  }

  #total(): number {
    const kept = this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    return this.#counters.reduce((sum, counter) => sum + counter(), kept)
  }
}
