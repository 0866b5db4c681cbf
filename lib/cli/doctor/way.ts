/**
 * Which way is taken, by the options and by the environment: directly, to another address, or through a proxy.
 */

import { findPinnedFetchError } from '../../errors.ts'
import type { Call } from '../../judge.ts'
import { callToPlace } from '../../net/call.ts'
import { PROXY_FORM, type ProxyAddress, parseProxyAddress } from '../../net/proxy/address.ts'
import { proxyFromEnvironment, setProxyVariable } from '../../net/proxy/variables.ts'
import { canonicalHost } from '../../policy/host.ts'
import { CommandError, EXIT } from '../failure.ts'
import type { HostOptions } from '../hosts/options.ts'
import type { World } from '../world.ts'
import type { Route, Variable } from './facts.ts'

export interface Way {
  readonly target: Route['target']
  /** What the tunnel, or the connection, leads to. */
  readonly place: Call
  readonly proxy: ProxyAddress | undefined
  /** The same as the option `--proxy`. */
  readonly option: string | undefined
}

/** The way to take first, and the one when that leads nowhere. @throws {CommandError} when an option makes no sense */
export function planOf(call: Call, options: HostOptions, world: World): { way: Way; fallback: Way | undefined } {
  const place = placeOf(call, options.address)
  const ambient = variableOf(call, world)?.proxy === undefined ? undefined : proxyFromEnvironment(call, world.env)
  const throughEnvironment = ambient && wayThrough(ambient, place, 'environment')
  const target = { host: place.host, port: place.port, is: options.address === undefined ? 'host' : 'address' } as const
  const direct: Way = { target, place, proxy: undefined, option: undefined }
  if (options.proxy === undefined) return { way: direct, fallback: throughEnvironment }
  if (options.proxy === 'environment') return { way: throughEnvironment ?? direct, fallback: undefined }
  const named = parseProxyAddress(options.proxy)
  // Not the value itself: it may hold a password.
  if (named === undefined) throw wrong('--proxy names no proxy', `give it ${PROXY_FORM}, or "environment"`)
  return { way: wayThrough(named, place, options.proxy), fallback: undefined }
}

/** The variable that names a proxy for this call, unless `no_proxy` exempts it. */
export function variableOf(call: Call, { env }: World): Variable | undefined {
  const name = setProxyVariable(call.protocol, env)
  if (name === undefined) return undefined
  try {
    const proxy = proxyFromEnvironment(call, env)
    return proxy === undefined ? undefined : { name, proxy: proxy.label }
  } catch (error) {
    if (findPinnedFetchError(error)?.code !== 'ERR_CONFIGURATION') throw error
    return { name, proxy: undefined }
  }
}

function wayThrough(proxy: ProxyAddress, place: Call, option: string): Way {
  return { target: { host: proxy.host, port: proxy.port, is: 'proxy' }, place, proxy, option }
}

/** As `--address` of probeHost: an address or a name, with a port or without. */
function placeOf(call: Call, address: string | undefined): Call {
  if (address === undefined) return call
  const bare = canonicalHost(address)
  if (bare !== undefined) return { ...call, host: bare }
  try {
    const { host, port } = callToPlace(address)
    return { ...call, host, port }
  } catch {
    throw wrong(`--address ${address} is no address`, 'write an IP address or a name; [address]:port for IPv6')
  }
}

function wrong(message: string, hint: string): CommandError {
  return new CommandError(message, hint, { exitCode: EXIT.usage })
}
