/**
 * Where a proxy is and how it is spoken to, from its URL.
 *
 * The URL may hold a password, so no error here repeats it; {@link ProxyAddress.label} is what may be told.
 */

import { canonicalHost } from '../../policy/host.ts'

export interface ProxyAddress {
  readonly protocol: ProxyProtocol
  /** Canonical name or address. */
  readonly host: string
  readonly port: number
  readonly credentials: Credentials | undefined
  /** `scheme://host:port`, without credentials. */
  readonly label: string
}

export type ProxyProtocol = 'http:' | 'https:' | 'socks5:'

export interface Credentials {
  readonly username: string
  readonly password: string
}

/** What a proxy URL must look like, for whoever has to repair one. */
export const PROXY_FORM = 'the URL of a proxy: http://, https:// or socks5://, with a host and no path'

const DEFAULT_PORTS = { 'http:': 80, 'https:': 443, 'socks5:': 1080 } as const

/** The address that a URL stands for; `undefined` when it is none. `socks5h:` is `socks5:`: the proxy finds the host. */
export function parseProxyAddress(text: string): ProxyAddress | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const protocol = url.protocol === 'socks5h:' ? 'socks5:' : url.protocol
  const host = canonicalHost(url.hostname)
  const credentials = credentialsOf(url)
  if (!isProxyProtocol(protocol) || host === undefined || credentials === 'unreadable') return undefined
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '' || url.port === '0') return undefined
  const port = url.port === '' ? DEFAULT_PORTS[protocol] : Number(url.port)
  return { protocol, host, port, credentials, label: `${protocol}//${authority({ host, port })}` }
}

/** `host:port`, an IPv6 address in brackets: RFC 9110 section 9.3.6. */
export function authority({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

function isProxyProtocol(protocol: string): protocol is ProxyProtocol {
  return Object.hasOwn(DEFAULT_PORTS, protocol)
}

function credentialsOf({ username, password }: URL): Credentials | 'unreadable' | undefined {
  if (username === '' && password === '') return undefined
  try {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) }
  } catch {
    return 'unreadable'
  }
}
