/**
 * A SOCKS5 proxy on 127.0.0.1 (RFC 1928), with user name and password (RFC 1929) when it has credentials.
 *
 * It reads raw sockets, records how the place was written (name, IPv4, IPv6), and may lie at each of its three answers.
 */

import { createServer, type Socket } from 'node:net'
import { Connections } from './connections.ts'
import { listen } from './listen.ts'
import { type AskedTunnel, ProxyRecorder } from './proxy-recording.ts'
import { carry, closeProxy, type ProxyAnswer, type ProxyOptions, type ProxyServer, reach, say } from './proxy-server.ts'
import { Signal } from './signal.ts'

/** What the proxy answers to: the greeting, the name and password, the place. */
export type SocksMoment = 'greeting' | 'credentials' | 'place'

export interface SocksProxyOptions extends ProxyOptions {
  /** `undefined`: an honest answer. A promise lets the test say when. */
  readonly answer?: (
    moment: SocksMoment,
    asked?: AskedTunnel,
  ) => ProxyAnswer | undefined | Promise<ProxyAnswer | undefined>
}

export const NO_AUTHENTICATION = 0
export const NAME_AND_PASSWORD = 2
const NO_METHOD = 0xff

/** An address the proxy says it is bound to, as RFC 1928 section 6 writes it. */
export const BOUND = {
  IPv4: '\x01\x7f\x00\x00\x01\x04\x38',
  IPv6: `\x04${'\x00'.repeat(15)}\x01\x04\x38`,
  name: '\x03\x0aproxy.test\x04\x38',
} as const

/** The answer to a place. Code 0 grants it; 1 to 8 are RFC 1928's reasons not to. */
export function socksReply(code: number, bound: keyof typeof BOUND = 'IPv4'): string {
  return `\x05${String.fromCharCode(code)}\x00${BOUND[bound]}`
}

export async function startSocksProxy(options: SocksProxyOptions = {}): Promise<ProxyServer> {
  const recorder = new ProxyRecorder()
  const connections = new Connections()
  const server = createServer({ noDelay: true }, (socket: Socket) => {
    connections.add(socket)
    const conversation = { socket, recorder, options, connection: recorder.connection(), more: new Signal<void>() }
    // Whatever comes after its last word is read and forgotten: the end of the connection is behind it.
    const forget = () => socket.removeAllListeners('readable').resume()
    converse(conversation).then(forget, () => socket.destroy())
  })
  const port = await listen(server)
  return {
    port,
    recording: recorder,
    whenConnected: () => recorder.connected.next(),
    whenAsked: () => recorder.askedFor.next(),
    connectionsOpen: () => connections.open,
    destroyConnections: (how) => connections.destroy(how),
    whenConnectionsClosed: () => connections.whenAllClosed(),
    close: () => closeProxy(connections, server),
  }
}

interface Conversation {
  readonly socket: Socket
  readonly recorder: ProxyRecorder
  readonly options: SocksProxyOptions
  readonly connection: number
  /** The socket has more to read, or never will. */
  readonly more: Signal<void>
}

async function converse(conversation: Conversation): Promise<void> {
  const { socket, options, more } = conversation
  // One listener for all reads: a new one is called at once while anything is left, and would be for ever.
  const listener = () => more.emit()
  socket.on('readable', listener).once('close', listener)
  const method = await greet(conversation)
  const credentials = method === NAME_AND_PASSWORD ? await checkCredentials(conversation) : undefined
  if (method === undefined || credentials === null) return
  const asked = await readPlace(conversation, credentials)
  asked.early = socket.readableLength
  const answer = await options.answer?.('place', asked)
  const upstream = answer?.next === undefined ? await reach(asked, options).catch(() => undefined) : undefined
  const honest = upstream === undefined ? { bytes: socksReply(5), next: 'stall' as const } : { bytes: socksReply(0) }
  socket.off('readable', listener).on('data', (chunk: Buffer) => asked.heard(chunk))
  if ((await say(socket, asked, answer ?? honest)) && upstream !== undefined) carry(socket, upstream)
  else upstream?.destroy()
}

/** @returns the method in use, `undefined` when the conversation is over */
async function greet(conversation: Conversation): Promise<number | undefined> {
  const { socket, recorder, options } = conversation
  const [version, count = 0] = await read(conversation, 2)
  if (version !== 5) throw new Error('not SOCKS5')
  const methods = [...(await read(conversation, count))]
  recorder.methods.push(methods)
  const wanted = options.credentials === undefined ? NO_AUTHENTICATION : NAME_AND_PASSWORD
  const method = methods.includes(wanted) ? wanted : NO_METHOD
  const honest: ProxyAnswer = {
    bytes: `\x05${String.fromCharCode(method)}`,
    ...(method === NO_METHOD ? { next: 'stall' } : {}),
  }
  const answer = (await options.answer?.('greeting')) ?? honest
  return (await say(socket, undefined, answer)) ? answer.bytes.charCodeAt(1) : undefined
}

/** @returns `name:password`, `null` when the conversation is over */
async function checkCredentials(conversation: Conversation): Promise<string | null> {
  const { socket, options } = conversation
  const [, nameLength = 0] = await read(conversation, 2)
  const name = await read(conversation, nameLength)
  const [passwordLength = 0] = await read(conversation, 1)
  const credentials = `${name}:${await read(conversation, passwordLength)}`
  const isKnown = options.credentials === undefined || options.credentials === credentials
  const honest: ProxyAnswer = isKnown ? { bytes: '\x01\x00' } : { bytes: '\x01\x01', next: 'stall' }
  const answer = (await options.answer?.('credentials')) ?? honest
  return (await say(socket, undefined, answer)) ? credentials : null
}

const ADDRESS_TYPES = { 1: 'IPv4', 3: 'name', 4: 'IPv6' } as const

async function readPlace(conversation: Conversation, credentials: string | undefined): Promise<AskedTunnel> {
  const [version, command, , type = 0] = await read(conversation, 4)
  const addressType = ADDRESS_TYPES[type as keyof typeof ADDRESS_TYPES]
  if (version !== 5 || command !== 1 || addressType === undefined) throw new Error('not a SOCKS5 CONNECT')
  const host = await readHost(conversation, addressType)
  const port = (await read(conversation, 2)).readUInt16BE()
  const { recorder, connection } = conversation
  const target = `${addressType === 'IPv6' ? `[${host}]` : host}:${port}`
  return recorder.asked({ target, host, port, addressType, headers: {}, credentials, connection })
}

async function readHost(conversation: Conversation, addressType: AskedTunnel['addressType']): Promise<string> {
  if (addressType === 'IPv4') return [...(await read(conversation, 4))].join('.')
  if (addressType === 'name') {
    const [length = 0] = await read(conversation, 1)
    return (await read(conversation, length)).toString('latin1')
  }
  const bytes = await read(conversation, 16)
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16))
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

/** Exactly so many bytes; rejects when the client hangs up before. */
async function read({ socket, recorder, more }: Conversation, length: number): Promise<Buffer> {
  if (length === 0) return Buffer.alloc(0)
  for (;;) {
    const bytes: Buffer | null = socket.read(length)
    if (bytes !== null && bytes.length === length) {
      recorder.chunk(bytes)
      return bytes
    }
    if (socket.readableEnded || socket.destroyed) throw new Error('the client hung up')
    await more.next()
  }
}
