/**
 * One handshake with a host of the command line: from what somebody typed to what the host showed.
 *
 * Trust is the guard's: the anchors of the policy's entry, else `--ca`, else Node's; a proxy is verified without the
 * entry's. Nothing is sent to the host, and a chain that does not verify is an answer, not an error (net/probe.ts).
 */

import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { LookupFunction } from 'node:net'
import type { Call } from '../../judge.ts'
import { callTo, callToPlace } from '../../net/call.ts'
import { type Probed, type ProbeOptions, probe } from '../../net/probe.ts'
import { PROXY_FORM, type ProxyAddress, parseProxyAddress } from '../../net/proxy/address.ts'
import { proxyFromEnvironment } from '../../net/proxy/variables.ts'
import { type Trust, TrustStore } from '../../net/trust.ts'
import { canonicalHost } from '../../policy/host.ts'
import { splitPem } from '../../x509/trust-set.ts'
import { CommandError, EXIT } from '../failure.ts'
import { pathOf } from '../policy/place.ts'
import type { World } from '../world.ts'
import { unreachable } from './failure.ts'
import type { HostOptions } from './options.ts'

export interface ProbeHostOptions extends HostOptions {
  /** The only roots trusted for this host: `anchors` of its entry. */
  readonly anchors?: readonly string[] | undefined
  readonly lookup?: LookupFunction | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * @param place `host`, `host:port` or an https URL
 * @throws {CommandError | PinnedFetchError} when it can't be asked: no such host, nobody there, no TLS, the proxy
 */
export async function probeHost(place: string, options: ProbeHostOptions, world: World): Promise<Probed> {
  const call = callOf(place)
  const probeOptions = await probeOptionsOf(call, options, world)
  try {
    return await probe(call, probeOptions)
  } catch (error) {
    throw unreachable(call, probeOptions.address, error)
  }
}

/** @throws {CommandError} when it is no host that TLS is spoken with */
export function callOf(place: string): Call {
  const { protocol, hostname, port } = URL.parse(place.includes('://') ? place : '') ?? {}
  try {
    if (protocol === undefined) return callToPlace(place)
    if (protocol === 'https:') return callTo(protocol, hostname ?? '', port)
  } catch (error) {
    throw wrong(`"${place}" is no host`, 'write a host, host:port or an https URL; an IPv6 address in brackets', error)
  }
  throw wrong(`"${place}" is not an https URL`, 'only TLS shows a key: write a host, host:port or an https URL')
}

async function probeOptionsOf(call: Call, options: ProbeHostOptions, world: World): Promise<ProbeOptions> {
  const { anchors, ca, lookup, signal } = options
  const replaced = ca === undefined ? undefined : await certificatesOf(ca, world)
  return {
    trust: trustIn(anchors ?? replaced),
    proxyTrust: trustIn(replaced),
    now: world.now(),
    servername: servernameOf(options),
    address: options.address === undefined ? undefined : parseAddress(options.address),
    proxy: proxyOf(call, options, world),
    lookup,
    signal,
  }
}

/** One for each set of anchors, for the life of the process: several hosts share the reading of 120 roots. */
const stores = new Map<string, TrustStore>()

function trustIn(anchors: readonly string[] | undefined): Trust {
  const key = anchors?.join('\n') ?? ''
  const store = stores.get(key) ?? new TrustStore(anchors)
  stores.set(key, store)
  return store.for(undefined)
}

/** Certificates in PEM, or one in DER. */
export async function certificatesOf(file: string, world: World): Promise<readonly string[]> {
  let bytes: Buffer
  try {
    bytes = await readFile(pathOf(file, world))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`
    throw new CommandError(`--ca ${file}: ${problem}`, 'give a file of certificates in PEM', { cause: error })
  }
  const blocks = splitPem(bytes.toString('latin1'))
  try {
    return (blocks.length === 0 ? [bytes] : blocks).map((block) => new X509Certificate(block).toString())
  } catch (error) {
    const problem = blocks.length === 0 ? 'holds no certificate' : 'holds a certificate that cannot be read'
    throw new CommandError(`--ca ${file}: it ${problem}`, 'give a file of certificates in PEM', { cause: error })
  }
}

function servernameOf({ servername }: HostOptions): string | undefined {
  if (servername === undefined) return undefined
  const name = canonicalHost(servername)
  if (name !== undefined) return name
  throw wrong(`--servername ${servername} is no host name`, 'write the name alone, such as api.partner.example')
}

/** An IP address or a name, with a port or without. */
export function parseAddress(address: string): ProbeOptions['address'] {
  const [, place = address, port] = /^(\[.*\]|[^:]*):(\d+)$/.exec(address) ?? []
  const host = canonicalHost(place)
  const number = port === undefined ? undefined : Number(port)
  if (host !== undefined && (number === undefined || (number > 0 && number < 65_536))) return { host, port: number }
  throw wrong(`--address ${address} is no address`, 'write an IP address or a name; [address]:port for IPv6')
}

export function proxyOf(call: Call, { proxy }: Pick<HostOptions, 'proxy'>, { env }: World): ProxyAddress | undefined {
  if (proxy === undefined) return undefined
  if (proxy === 'environment') return proxyFromEnvironment(call, env)
  const address = parseProxyAddress(proxy)
  if (address !== undefined) return address
  // Not the value itself: it may hold a password.
  throw wrong('--proxy names no proxy', `give it ${PROXY_FORM}, or "environment"`)
}

function wrong(message: string, hint: string, cause?: unknown): CommandError {
  return new CommandError(message, hint, { exitCode: EXIT.usage, cause })
}
