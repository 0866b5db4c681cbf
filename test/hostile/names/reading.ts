/**
 * What a text where a host belongs means: by the WHATWG URL parser, and by as little of our own as possible. The
 * reference that the properties of names compare with.
 */

import { isIP } from 'node:net'

/** Characters of the longest name that DNS can carry (RFC 1035 section 2.3.4). */
const MAX_NAME = 253

/**
 * The host that a URL with this text at its host's place calls: a name without the dot of the root, or an address,
 * IPv4 also where IPv6 wraps it.
 *
 * @returns undefined when it is no URL, or when what it calls has no name
 */
export function hostInUrl(text: string): string | undefined {
  const hostname = URL.parse(`https://${text}`)?.hostname
  return hostname === undefined ? undefined : withoutDress(hostname)
}

/** The same for what a URL's `hostname` says. */
export function withoutDress(hostname: string): string | undefined {
  if (hostname.startsWith('[')) return unwrapped(hostname)
  const name = hostname.replace(/\.$/, '')
  if (name === '' || name.length > MAX_NAME || name.split('.').includes('')) return undefined
  return name
}

/** Whether calling the text might leave this machine: an address is dialled, whatever `lookup` says. */
export function dialsElsewhere(text: string): boolean {
  const hosts = [URL.parse(`https://${text}/`)?.hostname, URL.parse(`https://[${text}]/`)?.hostname]
  const bare = [text, ...hosts.map((host) => host?.replace(/^\[|\]$/g, '') ?? '')]
  return bare.some((host) => isIP(host) !== 0 && withoutDress(host.includes(':') ? `[${host}]` : host) !== '127.0.0.1')
}

/** Lets the URL parser say which IPv4 address an IPv6 address wraps. */
function unwrapped(literal: string): string {
  const [, high = '', low = ''] = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(literal) ?? []
  if (high === '') return literal.slice(1, -1)
  return new URL(`https://${Number.parseInt(high, 16) * 65_536 + Number.parseInt(low, 16)}`).hostname
}
