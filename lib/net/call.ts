/**
 * Where a call goes, as the one canonical place that is looked up, dialled by name and verified by TLS.
 *
 * A host that has no canonical form can't be looked up, so it is refused whatever the policy's default says.
 */

import { isIP } from 'node:net'
import { PinnedFetchError } from '../errors.ts'
import type { Call } from '../judge.ts'
import { canonicalHost } from '../policy/host.ts'

const DEFAULT_PORTS = { 'https:': 443, 'http:': 80 } as const

/**
 * @param hostname as a URL or an option gives it; brackets around IPv6 allowed
 * @throws {PinnedFetchError} `ERR_HOST_NOT_COVERED` when the name has no canonical form
 */
export function callTo(protocol: string, hostname: string, port: number | string | undefined): Call {
  const scheme = protocol === 'https:' || protocol === 'http:' ? protocol : undefined
  const host = canonicalHost(hostname)
  const number = port === undefined || port === '' ? DEFAULT_PORTS[scheme ?? 'https:'] : Number(port)
  if (scheme === undefined || host === undefined || !Number.isInteger(number) || number < 1 || number > 65_535) {
    throw new PinnedFetchError('ERR_HOST_NOT_COVERED', { host: hostname, port: number || 0, protocol })
  }
  // Its own: `Object.prototype.isProxy` would open every place that no entry covers.
  return { protocol: scheme, host, port: number, isProxy: false }
}

/** The https call that `host` or `host:port` stands for; an IPv6 address with a port needs its brackets. */
export function callToPlace(place: string): Call {
  const match = /^(\[.*\]|[^:]*):(\d+)$/.exec(place)
  return callTo('https:', match?.[1] ?? place, match?.[2])
}

/** Whether a canonical host is an IP address. */
export function isAddress(host: string): boolean {
  return isIP(host) !== 0
}
