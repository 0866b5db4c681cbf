/**
 * Asks a SOCKS version 5 proxy for a tunnel: RFC 1928, with the user name and password of RFC 1929. The proxy looks the
 * host up, so the name that is asked for is the name that is judged.
 *
 * Ours because the library for it (`socks`) brings an address library of 85 kB into every bundle for these few bytes.
 */

import { isIPv4, isIPv6, type Socket } from 'node:net'
import type { Credentials } from './address.ts'

const VERSION = 5
const METHOD = { none: 0, password: 2 } as const
/** Of the negotiation of RFC 1929, which has a version of its own. */
const PASSWORD_VERSION = 1
const COMMAND_CONNECT = 1
const RESERVED = 0
const ADDRESS = { ipv4: 1, name: 3, ipv6: 4 } as const
const SUCCEEDED = 0

/** RFC 1928 section 6. */
const REFUSALS: Readonly<Record<number, string>> = {
  1: 'general failure',
  2: 'not allowed by its rules',
  3: 'network unreachable',
  4: 'host unreachable',
  5: 'connection refused',
  6: 'time to live expired',
  7: 'command not supported',
  8: 'address type not supported',
}

/** Ends when `socket` leads to the target. @throws {Error} what the proxy answered instead */
export async function tunnelBySocks(
  socket: Socket,
  target: { readonly host: string; readonly port: number },
  credentials: Credentials | undefined,
): Promise<void> {
  const answers = new Answers(socket)
  try {
    await greet(socket, answers, credentials)
    // struct { u8 version, command, reserved, address_type; u8 address[]; u16 port }
    const command = Buffer.of(VERSION, COMMAND_CONNECT, RESERVED)
    socket.write(Buffer.concat([command, addressOf(target.host), port(target.port)]))
    await readReply(answers)
    if (socket.readableLength > 0) throw new Error('it sent more than its answer')
  } finally {
    answers.release()
  }
}

async function greet(socket: Socket, answers: Answers, credentials: Credentials | undefined): Promise<void> {
  const wanted = credentials === undefined ? METHOD.none : METHOD.password
  socket.write(Buffer.of(VERSION, 1, wanted))
  const [version, method] = await answers.read(2)
  if (version !== VERSION) throw new Error('it does not speak SOCKS version 5')
  if (method !== wanted) throw new Error(credentials === undefined ? 'it asks for credentials' : 'it takes no password')
  if (credentials !== undefined) await logIn(socket, answers, credentials)
}

/** RFC 1929: struct { u8 version; u8 length, username[]; u8 length, password[] }, answered by { u8 version, status }. */
async function logIn(socket: Socket, answers: Answers, { username, password }: Credentials): Promise<void> {
  // An empty password is none by the letter of RFC 1929; curl sends it, and proxies take tokens as user names.
  socket.write(Buffer.concat([Buffer.of(PASSWORD_VERSION), lengthAndText(username), lengthAndText(password, 0)]))
  const [, status] = await answers.read(2)
  if (status !== SUCCEEDED) throw new Error('it refused the user name or password')
}

/** struct { u8 version, reply, reserved, address_type; u8 address[]; u16 port }: where it bound its end, unused. */
async function readReply(answers: Answers): Promise<void> {
  const [version, reply = -1, , type] = await answers.read(4)
  if (version !== VERSION) throw new Error('it does not speak SOCKS version 5')
  if (reply !== SUCCEEDED) throw new Error(`it answered ${reply} (${REFUSALS[reply] ?? 'unknown'})`)
  const length = await boundLength(answers, type)
  await answers.read(length + 2)
}

async function boundLength(answers: Answers, type: number | undefined): Promise<number> {
  if (type === ADDRESS.ipv4) return 4
  if (type === ADDRESS.ipv6) return 16
  if (type !== ADDRESS.name) throw new Error('its answer holds an unknown type of address')
  return (await answers.read(1))[0] ?? 0
}

/** struct { u8 type; u8 address[4] | address[16] | { u8 length, name[] } } */
function addressOf(host: string): Buffer {
  if (isIPv4(host)) return Buffer.of(ADDRESS.ipv4, ...host.split('.').map(Number))
  if (isIPv6(host)) return Buffer.concat([Buffer.of(ADDRESS.ipv6), ipv6Bytes(host)])
  return Buffer.concat([Buffer.of(ADDRESS.name), lengthAndText(host)])
}

/** @param host in canonical form: at most one `::`, no IPv4 part */
function ipv6Bytes(host: string): Buffer {
  const [head = [], tail = []] = host.split('::').map((half) => half.split(':').filter((group) => group !== ''))
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0')
  const groups = host.includes('::') ? [...head, ...zeros, ...tail] : head
  return Buffer.concat(groups.map((group) => port(Number.parseInt(group, 16))))
}

function port(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff)
}

function lengthAndText(text: string, minimum = 1): Buffer {
  const bytes = Buffer.from(text)
  if (bytes.length < minimum || bytes.length > 255)
    throw new Error('a name, user name or password is not 1 to 255 bytes long')
  return Buffer.concat([Buffer.of(bytes.length), bytes])
}

/** What the proxy sends, in exact pieces and not a byte further. One listener from first to last: a new one is called at once. */
class Answers {
  readonly #socket: Socket
  #wake: () => void = () => undefined
  readonly #onMore = (): void => this.#wake()

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('readable', this.#onMore).on('end', this.#onMore).on('close', this.#onMore)
  }

  async read(length: number): Promise<Buffer> {
    for (;;) {
      const bytes: Buffer | null = this.#socket.read(length)
      // At its end a stream gives what is left, however little.
      if (bytes !== null && bytes.length === length) return bytes
      if (bytes !== null || this.#socket.readableEnded || this.#socket.destroyed) {
        throw new Error('it closed the connection')
      }
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  release(): void {
    this.#socket.off('readable', this.#onMore).off('end', this.#onMore).off('close', this.#onMore)
  }
}
