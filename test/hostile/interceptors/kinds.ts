/**
 * The interceptors that are tried: mitmproxy and squid, as they come from Debian, in the manners in which companies and
 * attackers run them.
 */

import { HOST } from '../../attacks/cast.ts'
import { keptKeys, rootAuthority } from '../../support/authority.ts'
import type { Interceptor } from './interceptor.ts'
import { startMitmproxy } from './mitmproxy.ts'
import type { WayName } from './scene.ts'
import { startSquidBump } from './squid.ts'

export interface Kind {
  readonly name: string
  /** Whose command must be there. */
  readonly command: string
  readonly start: (originPort: number) => Promise<Interceptor>
  readonly version: 'TLSv1.2' | 'TLSv1.3'
  /** Whether the interceptor and the origin speak HTTP/2 with whoever wants it. */
  readonly http2?: boolean
  /** Whether it serves the origin's own certificates after its own. */
  readonly isAppending?: boolean
  /** Those that lead to it. */
  readonly ways: readonly WayName[]
}

const PROXY_WAYS = ['by the option proxy', 'by the environment'] as const satisfies WayName[]

const authority = async () => rootAuthority('Company Interception Root', { keys: await keptKeys('rsa2048') })

export const KINDS: readonly Kind[] = [
  {
    name: 'mitmproxy as a proxy, TLS 1.3, HTTP/2, with the authority that it makes itself',
    command: 'mitmdump',
    version: 'TLSv1.3',
    http2: true,
    start: (originPort) => startMitmproxy({ mode: 'regular', version: 'TLSv1.3', originPort }),
    ways: [...PROXY_WAYS, 'redirected'],
  },
  {
    name: "mitmproxy as a proxy, TLS 1.2, HTTP/1.1, with a company's authority",
    command: 'mitmdump',
    version: 'TLSv1.2',
    start: async (originPort) =>
      startMitmproxy({ mode: 'regular', version: 'TLSv1.2', originPort, authority: await authority() }),
    ways: [...PROXY_WAYS, 'redirected'],
  },
  {
    name: "mitmproxy in the origin's place, TLS 1.3, the origin's own certificates after its own",
    command: 'mitmdump',
    version: 'TLSv1.3',
    isAppending: true,
    start: (originPort) => startMitmproxy({ mode: 'reverse', version: 'TLSv1.3', originPort, isAppending: true }),
    ways: ['redirected'],
  },
  {
    name: "mitmproxy in the origin's place, TLS 1.2, HTTP/2",
    command: 'mitmdump',
    version: 'TLSv1.2',
    http2: true,
    start: async (originPort) =>
      startMitmproxy({ mode: 'reverse', version: 'TLSv1.2', originPort, authority: await authority() }),
    ways: ['redirected'],
  },
  {
    name: 'mitmproxy as a SOCKS proxy, TLS 1.3',
    command: 'mitmdump',
    version: 'TLSv1.3',
    start: (originPort) => startMitmproxy({ mode: 'socks5', version: 'TLSv1.3', originPort }),
    ways: PROXY_WAYS,
  },
  {
    name: 'squid with ssl-bump, TLS 1.2, answering before it asks the origin',
    command: 'squid',
    version: 'TLSv1.2',
    start: async (originPort) =>
      startSquidBump({ host: HOST, version: 'TLSv1.2', originPort, authority: await authority() }),
    ways: [...PROXY_WAYS, 'redirected'],
  },
  {
    name: "squid with ssl-bump, TLS 1.3, imitating the origin's certificate",
    command: 'squid',
    version: 'TLSv1.3',
    start: async (originPort) =>
      startSquidBump({ host: HOST, version: 'TLSv1.3', originPort, authority: await authority(), isMimic: true }),
    ways: [...PROXY_WAYS, 'redirected'],
  },
]
