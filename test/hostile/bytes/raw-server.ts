/**
 * A server that answers a ClientHello with any bytes, as a TLS 1.2 server would begin: ServerHello, Certificate,
 * ServerKeyExchange, ServerHelloDone (RFC 5246 section 7.3). It has no key and speaks no further; a client must give up
 * by itself, and has sent nothing but handshake and alert records.
 */

import { createECDH } from 'node:crypto'
import { createServer } from 'node:net'
import { Connections } from '../../support/connections.ts'
import { listen } from '../../support/listen.ts'

const RECORD = { alert: 21, handshake: 22, applicationData: 23 } as const

const MESSAGE = { serverHello: 2, certificate: 11, serverKeyExchange: 12, serverHelloDone: 14 } as const

/** A key exchange of somebody. */
const POINT = createECDH('prime256v1').generateKeys()

/** RFC 8446 section 5.1, RFC 5246 section 6.2.1. */
const MAX_FRAGMENT = 16_384

export interface RawServer {
  readonly port: number
  /** What the next clients get; each connection is ended after it. */
  answer(flight: Buffer): void
  /** Bytes in application data records of all clients. */
  readonly applicationBytes: number
  readonly connections: number
  whenConnectionsClosed(): Promise<void>
  close(): Promise<void>
}

export async function startRawServer(): Promise<RawServer> {
  const open = new Connections()
  let flight = Buffer.alloc(0)
  let applicationBytes = 0
  let connections = 0
  const server = createServer((socket) => {
    open.add(socket)
    connections += 1
    let received = Buffer.alloc(0)
    let counted = 0
    socket.once('data', () => socket.end(flight))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, Buffer.from(chunk)])
      const bytes = applicationBytesIn(received)
      applicationBytes += bytes - counted
      counted = bytes
    })
  })
  return {
    port: await listen(server),
    answer(next) {
      flight = Buffer.from(next)
    },
    get applicationBytes() {
      return applicationBytes
    },
    get connections() {
      return connections
    },
    whenConnectionsClosed: () => open.whenAllClosed(),
    close: async () => {
      open.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** The first flight of a server with these certificates, each as it stands. */
export function flightWith(certificates: readonly Uint8Array[]): Buffer {
  return flightAround(vector(3, ...certificates.map((certificate) => vector(3, certificate))))
}

/** The same around any body of the Certificate message. */
export function flightAround(certificateBody: Uint8Array): Buffer {
  // ec_diffie_hellman: named_curve secp256r1, a point, ecdsa_secp256r1_sha256 and a signature of nothing.
  const exchange = Buffer.concat([Buffer.of(3, 0, 23), vector(1, POINT), Buffer.of(4, 3), vector(2, Buffer.alloc(70))])
  return records([
    handshake(MESSAGE.serverHello, serverHello()),
    handshake(MESSAGE.certificate, certificateBody),
    handshake(MESSAGE.serverKeyExchange, exchange),
    handshake(MESSAGE.serverHelloDone, Buffer.alloc(0)),
  ])
}

/** Handshake messages in records of at most `size` bytes each. */
export function records(messages: readonly Buffer[], size = MAX_FRAGMENT): Buffer {
  const whole = Buffer.concat(messages)
  const fragments: Buffer[] = []
  for (let at = 0; at < whole.length; at += size) {
    fragments.push(Buffer.concat([Buffer.of(RECORD.handshake, 3, 3), vector(2, whole.subarray(at, at + size))]))
  }
  return Buffer.concat(fragments)
}

export function handshake(type: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(type), vector(3, body)])
}

/** Bytes with their length before them, in `size` bytes. */
export function vector(size: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const length = Buffer.alloc(size)
  length.writeUIntBE(content.length, 0, size)
  return Buffer.concat([length, content])
}

function serverHello(): Buffer {
  const renegotiationInfo = Buffer.from('ff01000100', 'hex')
  // TLS 1.2, a random without the mark of a downgrade, no session, ECDHE-ECDSA-AES128-GCM-SHA256, no compression.
  return Buffer.concat([
    Buffer.of(3, 3),
    Buffer.alloc(32, 7),
    Buffer.of(0, 0xc0, 0x2b, 0),
    vector(2, renegotiationInfo),
  ])
}

function applicationBytesIn(received: Buffer): number {
  let bytes = 0
  for (let at = 0; at + 5 <= received.length; at += 5 + received.readUInt16BE(at + 3)) {
    if (received.readUInt8(at) === RECORD.applicationData) bytes += received.readUInt16BE(at + 3)
  }
  return bytes
}
