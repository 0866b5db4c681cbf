/**
 * Where a `tls.connect` goes, as far as it can be told, and which place of the policy that is.
 *
 * Without a socket of the caller's that is the host that is dialled when an entry covers it, else the name that TLS is to
 * verify. Over one (a tunnel, STARTTLS) the options need name nothing, and a proxy agent leaves out what it knows: there
 * the request says whom its tunnel is for, else TLS does, else the socket, once it is connected.
 */

import type { Duplex } from 'node:stream'
import type { ConnectionOptions } from 'node:tls'
import { PinnedFetchError } from '../../errors.ts'
import type { Call } from '../../judge.ts'
import type { Policy } from '../../policy/reading.ts'
import { placeIn } from './tunnel-place.ts'

interface Destination {
  /** The names that it may be known by, the one to be judged first. */
  readonly names: readonly string[]
  /** The name that TLS verifies. */
  readonly verified: string
  /** Unset: nobody has said it. */
  readonly port: number | undefined
  /** Where the socket is connected to: the host itself, or a proxy. */
  readonly remotePort: number | undefined
}

const HTTPS_PORT = 443

/** What Node takes for the host when none is given. */
const LOCAL = 'localhost'

/**
 * The place that is judged: the first name that an entry covers, else the one that TLS verifies. Where nobody has said the
 * port, it is the one that the socket is connected to, if an entry names it for that host (gRPC looks up its hosts itself),
 * else that of https, or else the only one that the policy has an entry for.
 *
 * @throws {PinnedFetchError} `ERR_CONFIGURATION` when the port decides which entry it is, and nobody has said it
 */
export function callOf(
  options: ConnectionOptions,
  callTo: (host: string, port: number) => Call,
  { hosts }: Policy,
): Call {
  const { names, verified, port, remotePort } = destinationOf(options)
  const isCovered = (call: Call) => hosts.find(call.host, call.port) !== undefined
  for (const name of names) {
    if (port === undefined && remotePort !== undefined) {
      const direct = callTo(name, remotePort)
      if (hosts.find(direct.host, direct.port)?.pattern.port === remotePort) return direct
    }
    const likeliest = callTo(name, port ?? HTTPS_PORT)
    if (isCovered(likeliest)) return likeliest
    if (port !== undefined) continue
    const [only, another] = portsIn(hosts)
      .map((one) => callTo(name, one))
      .filter(isCovered)
    if (another !== undefined) throw portUnknown(name)
    if (only !== undefined) return only
  }
  return callTo(verified, port ?? HTTPS_PORT)
}

function destinationOf(options: ConnectionOptions): Destination {
  const { socket, host, servername } = options
  if (!socket) {
    const names = namesIn([host, servername])
    return {
      names: names.length > 0 ? names : [LOCAL],
      verified: names.at(-1) ?? LOCAL,
      port: Number(options.port ?? HTTPS_PORT),
      remotePort: undefined,
    }
  }
  const place = placeIn(options)
  const known = hostOf(socket)
  const names = namesIn([host ?? place?.host, servername, known])
  // Some hand over port 0 together with a socket, which Node then doesn't read.
  const given = options.port ? Number(options.port) : place?.port
  const remotePort = remotePortOf(socket)
  return {
    names: names.length > 0 ? names : [LOCAL],
    verified: namesIn([servername])[0] ?? names[0] ?? LOCAL,
    port: given ?? (names[0] === known ? remotePort : undefined),
    remotePort,
  }
}

function namesIn(values: readonly unknown[]): string[] {
  return values.filter((value) => typeof value === 'string' && value !== '').map(String)
}

/** The name, which Node verifies, too, or the address that it was opened to; nothing while it is not connected. */
function hostOf(socket: Duplex): string | undefined {
  const names: unknown[] = [Reflect.get(socket, '_host'), Reflect.get(socket, 'remoteAddress')]
  return names.find((name) => typeof name === 'string')
}

function remotePortOf(socket: Duplex): number | undefined {
  const port: unknown = Reflect.get(socket, 'remotePort')
  return typeof port === 'number' ? port : undefined
}

/** Every port that an entry names. */
function portsIn(hosts: Policy['hosts']): number[] {
  return [...new Set([...hosts.entries()].flatMap(({ pattern: { port } }) => (port === undefined ? [] : [port])))]
}

function portUnknown(name: string): PinnedFetchError {
  return new PinnedFetchError('ERR_CONFIGURATION', {
    option: 'port',
    problem: `is not given to tls.connect together with "socket", and the policy has several entries for "${name}"`,
    repair: 'give tls.connect the port that the socket leads to',
  })
}
