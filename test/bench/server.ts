/**
 * The TLS server of the benchmarks, in a process of its own, so that its work is not counted as the client's.
 *
 * Started by fork (see peer.ts). A message chooses what it does with each new connection.
 */

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import { createSecureContext, type SecureContext, type TlsOptions } from 'node:tls'

export interface ServerMode {
  /** Whether a session may be resumed; else every handshake is a whole one. */
  readonly resumes: boolean
  /** Whether each connection shows a certificate that was never shown before, as far as they last. */
  readonly isNewEachTime: boolean
}

export interface ServerFiles {
  /** PEM. */
  readonly key: string
  /** Chains in PEM, leaf first. All leaves have the same key. */
  readonly chains: readonly string[]
  /** Whether HTTP/2 is offered beside HTTP/1.1. */
  readonly http2: boolean
}

const BODY = 'x'.repeat(200)

const { key, chains, http2 }: ServerFiles = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))
let mode: ServerMode = { resumes: true, isNewEachTime: false }
const fixedKeys = randomBytes(48)
const contexts: SecureContext[] = []
let next = 1
let resumed = 0

const options: TlsOptions = {
  key,
  cert: chains[0] ?? '',
  ticketKeys: fixedKeys,
  SNICallback: (_name, done) => done(null, context()),
}
const server = http2
  ? createSecureServer({ ...options, allowHTTP1: true }, (_request, response) => void response.end(BODY))
  : createServer({ ...options, keepAliveTimeout: 600_000 }, (_request, response) => void response.end(BODY))
server.on('connection', () => server.setTicketKeys(mode.resumes ? fixedKeys : randomBytes(48)))
server.on('secureConnection', (socket) => {
  if (socket.isSessionReused()) resumed += 1
})
server.on('tlsClientError', () => undefined)
process.on('message', (message: ServerMode) => {
  mode = message
  process.send?.({ resumed })
  resumed = 0
})
process.on('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.(typeof address === 'object' && address !== null ? address.port : 0)
})

/** Made when it is asked for, and before the time that counts: the client waits for the server hello all the same. */
function context(): SecureContext {
  if (mode.isNewEachTime) next += 1
  const index = mode.isNewEachTime ? next % chains.length : 0
  contexts[index] ??= createSecureContext({ key, cert: chains[index] ?? '', ticketKeys: fixedKeys })
  return contexts[index]
}
