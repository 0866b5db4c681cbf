/**
 * The stage of row 25: an origin, a proxy of one of three kinds before it, and a guard that is told to use it.
 *
 *     guard ──→ proxy.partner.test ──→ api.partner.test
 *               http, https, socks5    judged as if there were no proxy
 */

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { findPinnedFetchError, type GuardOptions } from '../../lib/index.ts'
import { leafOf, presented } from '../support/authority.ts'
import { ESTABLISHED, startConnectProxy } from '../support/connect-proxy.ts'
import type { AskedTunnel, ProxyAnswer, ProxyOptions, ProxyServer } from '../support/proxy-server.ts'
import { socksReply, startSocksProxy } from '../support/socks-proxy.ts'
import { type PresentedChain, startTlsServer, type TlsServerOptions } from '../support/tls-server.ts'
import { HOST, type Party, partner } from './cast.ts'
import { changingGuard } from './changing-policy.ts'
import { codeOf, lookupLoopback, watchedGuard } from './surfaces.ts'

export const PROXY_HOST = 'proxy.partner.test'

export const victim: Party = await partner()

/** The proxy's own, by the authority that everybody here trusts. */
export const proxyLeaf = await leafOf(victim.issuing, [PROXY_HOST])

export const originChain = presented(victim.leaf, victim.issuing)
export const proxyChain = presented(proxyLeaf, victim.issuing)

/** One entry that pins the origin's key. */
export const originPinned = { [HOST]: { pins: [victim.leaf.pin, victim.leaf.pin] } }

export interface ProxyStart extends ProxyOptions {
  /** What it says to who asks for a tunnel. `undefined`: an honest answer. */
  readonly answer?: (asked: AskedTunnel) => ProxyAnswer | undefined | Promise<ProxyAnswer | undefined>
  /** For an HTTPS proxy. Unset: {@link proxyChain}. */
  readonly identity?: PresentedChain
}

export interface ProxyKind {
  readonly name: string
  readonly scheme: 'http' | 'https' | 'socks5'
  /** The bytes that grant a tunnel. */
  readonly granted: string
  start(options?: ProxyStart): Promise<ProxyServer>
}

export const PROXIES: readonly ProxyKind[] = [
  {
    name: 'an HTTP proxy',
    scheme: 'http',
    granted: ESTABLISHED,
    start: ({ identity: _, ...options } = {}) => startConnectProxy(options),
  },
  {
    name: 'an HTTPS proxy',
    scheme: 'https',
    granted: ESTABLISHED,
    start: (options) => startConnectProxy({ identity: proxyChain, ...options }),
  },
  {
    name: 'a SOCKS5 proxy',
    scheme: 'socks5',
    granted: socksReply(0),
    start: ({ answer, ...options } = {}) =>
      startSocksProxy({ ...options, answer: (_moment, asked) => (asked === undefined ? undefined : answer?.(asked)) }),
  },
]

export const [httpProxy, httpsProxy, socksProxy] = PROXIES as [ProxyKind, ProxyKind, ProxyKind]

/** The URL that the option `proxy` takes. */
export function urlOf({ scheme }: ProxyKind, { port }: ProxyServer, userinfo = ''): string {
  return `${scheme}://${userinfo}${PROXY_HOST}:${port}`
}

export interface SceneOptions {
  readonly proxy?: ProxyStart
  /** What the origin presents. Unset: {@link originChain}. */
  readonly origin?: PresentedChain
  readonly originOptions?: TlsServerOptions
  /** Unset: {@link originPinned}, default "deny". A function gets to know the ports. */
  readonly policy?: object | ((ports: { readonly proxy: number; readonly origin: number }) => object)
  /** How the guard is told of the proxy. Unset: {@link urlOf}. */
  readonly proxyUrl?: (proxy: ProxyServer) => string
  /** Above those of the scene. */
  readonly guard?: Partial<GuardOptions>
}

type ChangingOptions = Omit<SceneOptions, 'guard'> & Pick<GuardOptions, 'lookup'>

/** The same with a policy that the test changes; the first pins the origin alone unless it says otherwise. */
export async function changingScene(t: TestContext, kind: ProxyKind, options: ChangingOptions = {}) {
  const { origin, proxy } = await proxiedServers(t, kind, options)
  const { policy = { version: 1, hosts: originPinned } } = options
  const document = typeof policy === 'function' ? policy({ proxy: proxy.port, origin: origin.port }) : policy
  const { lookup = lookupLoopback } = options
  const trusted = { ca: victim.root.certificate, proxy: urlOf(kind, proxy), lookup }
  const changing = await changingGuard(t, document, trusted)
  return { ...changing, origin, proxy, url: `https://${HOST}:${origin.port}/secret` }
}

/** An origin, a proxy, and a guard that uses it; closed when the test ends. */
export async function proxiedScene(t: TestContext, kind: ProxyKind, options: SceneOptions = {}) {
  const { origin, proxy } = await proxiedServers(t, kind, options)
  const { policy = { version: 1, hosts: originPinned } } = options
  const { guard, events } = watchedGuard({
    policy: typeof policy === 'function' ? policy({ proxy: proxy.port, origin: origin.port }) : policy,
    ca: victim.root.certificate,
    proxy: options.proxyUrl?.(proxy) ?? urlOf(kind, proxy),
    ...options.guard,
  })
  t.after(() => guard.close())
  return { guard, events, proxy, origin, url: `https://${HOST}:${origin.port}/secret` }
}

export async function proxiedServers(t: TestContext, kind: ProxyKind, options: SceneOptions = {}) {
  const origin = await startTlsServer(options.origin ?? originChain, options.originOptions)
  const proxy = await kind.start(options.proxy)
  t.after(() => Promise.all([proxy.close(), origin.close()]))
  return { origin, proxy }
}

export const SECRET_CALL = {
  method: 'POST',
  headers: { authorization: 'Bearer secret' },
  body: 'secret',
} as const

/** The proxy was told a place and carried ciphertext, and nothing else came to it. */
export function assertKnewNothing({ recording }: ProxyServer): void {
  assert.doesNotMatch(recording.text, /secret|bearer/i, 'the proxy was told something of the request')
  assert.deepEqual(recording.requests, [], 'the proxy got a request of its own')
  for (const tunnel of recording.tunnels) {
    assert.equal(tunnel.early, 0, 'bytes came before the tunnel was granted')
    assert.doesNotMatch(tunnel.sent.toString('latin1'), /secret|bearer/i, 'the request went through in the clear')
    assert.equal(tunnel.intercepted, '', 'an interceptor could read something')
    assert.ok(tunnel.sent.length === 0 || tunnel.sent[0] === TLS_HANDSHAKE, 'the tunnel carried no TLS')
  }
}

const TLS_HANDSHAKE = 0x16

/** What a call was refused with. */
export async function rejection(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    (answer) => assert.fail(`not refused: ${JSON.stringify(answer)}`),
    (error: unknown) => error,
  )
}

/** The error is the proxy's own, about this place and this proxy, which is named without credentials. */
export function assertProxyFailed(error: unknown, place: { host: string; port: number; proxy: string }) {
  const failure = findPinnedFetchError(error)
  assert.ok(failure?.code === 'ERR_PROXY_FAILED', `${codeOf(error)}: ${error}`)
  const { host, port, proxy, reason } = failure.evidence
  assert.deepEqual({ host, port, proxy }, place)
  assert.ok(reason.length > 0 && failure.message.includes(reason))
  return failure
}

/** What a call came to: its status, or the code it was refused with. */
export function outcomeOf(call: Promise<{ readonly status: number }>): Promise<number | string | undefined> {
  return call.then(({ status }) => status, codeOf)
}
