/**
 * One interceptor between a client and the partner's origin, and the ways that lead a client to it.
 *
 *     client ── proxy option, environment ──┐
 *                                           ├── wire ── interceptor ── origin (127.0.0.1)
 *     client ── redirected (127.0.0.2) ─────┘
 *
 * The URL is always the origin's own. A client that goes around the interceptor gets an answer from the origin, so no
 * refusal here comes of a way that leads nowhere.
 */

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:https'
import type { LookupFunction } from 'node:net'
import { connect } from 'node:tls'
import type { GuardOptions } from '../../../lib/index.ts'
import { HOST, type Party, partner } from '../../attacks/cast.ts'
import type { Answered, CallInit } from '../../attacks/surfaces.ts'
import { pinOf, presented } from '../../support/authority.ts'
import { startTlsServer, type TlsServer } from '../../support/tls-server.ts'
import type { Interceptor } from './interceptor.ts'
import { startWire, type Wire } from './wire.ts'

export type WayName = 'redirected' | 'by the option proxy' | 'by the environment'

export interface Way {
  readonly wire: Wire
  /** What a guard must be told to go this way. */
  readonly options: Pick<GuardOptions, 'proxy' | 'lookup'>
  /** Variables that must be set while a call is made. */
  readonly environment: Readonly<Record<string, string>>
}

export interface Scene {
  readonly interceptor: Interceptor
  readonly victim: Party
  readonly origin: TlsServer
  /** Of a place at the origin. */
  readonly url: string
  /** What a client trusts: the partner's root, and the interceptor's. */
  readonly ca: readonly string[]
  way(name: WayName): Way
  /** When the interceptor has read all that its clients sent, to the end. They must have left. */
  whenRead(): Promise<void>
  close(): Promise<void>
}

/** A call whose every part can be recognised wherever it is written down. */
export interface MarkedCall {
  readonly path: string
  readonly init: CallInit & { readonly headers: Readonly<Record<string, string>>; readonly body: string }
  /** In path, header and body alike. */
  readonly mark: string
}

/** Where the redirecting wire lies, and the origin does not. */
const REDIRECTED = '127.0.0.2'

export async function openScene(
  start: (originPort: number) => Promise<Interceptor>,
  { http2 = false } = {},
): Promise<Scene> {
  const victim = await partner()
  const origin = await startTlsServer(presented(victim.leaf, victim.issuing), { http2 })
  const interceptor = await orClose(start(origin.port), origin)
  const { protocol, port } = interceptor
  const proxied = await startWire(port)
  const redirected = await startWire(port, {
    at: { address: REDIRECTED, port: origin.port },
    ...(protocol === 'http' ? { redirectTo: `${HOST}:${origin.port}` } : {}),
  })
  const proxy = `${protocol}://127.0.0.1:${proxied.port}`
  const ways: Record<WayName, Way> = {
    redirected: { wire: redirected, options: { lookup: lookupRedirected }, environment: {} },
    'by the option proxy': { wire: proxied, options: { proxy }, environment: {} },
    'by the environment': { wire: proxied, options: { proxy: 'environment' }, environment: { HTTPS_PROXY: proxy } },
  }
  return {
    interceptor,
    victim,
    origin,
    url: `https://${HOST}:${origin.port}`,
    ca: [victim.root.certificate, interceptor.authority.certificate],
    way: (name) => ways[name],
    async whenRead() {
      const clients = proxied.connections + redirected.connections
      if (interceptor.whenDisconnected) await interceptor.whenDisconnected(clients)
      else await Promise.all([proxied.whenConnectionsClosed(), redirected.whenConnectionsClosed()])
    },
    async close() {
      await Promise.all([interceptor.stop(), redirected.close(), proxied.close()])
      await origin.close()
    },
  }
}

export function markedCall(): MarkedCall {
  const mark = `mark-${randomUUID()}`
  const headers = { authorization: `Bearer header-${mark}` }
  return { mark, path: `/path-${mark}`, init: { method: 'POST', headers, body: `body-${mark}` } }
}

/** Sets the variables for one piece of work, and no other proxy variable. */
export async function withVariables<Result>(
  variables: Readonly<Record<string, string>>,
  work: () => Promise<Result>,
): Promise<Result> {
  const names = Object.keys(process.env).filter((name) => /^(https?|all|no)_proxy$/i.test(name))
  const before = Object.fromEntries(names.map((name) => [name, process.env[name]]))
  for (const name of names) delete process.env[name]
  Object.assign(process.env, variables)
  try {
    return await work()
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name]
    Object.assign(process.env, before)
  }
}

/** What a client without pins does: Node's own, which trusts what it is told to trust. SOCKS it does not speak. */
export function callWithoutGuard(scene: Scene, call: MarkedCall): Promise<Answered> {
  const options = { ...call.init, ca: [...scene.ca], agent: false as const, lookup: lookupRedirected }
  return new Promise((resolve, reject) => {
    const outgoing = request(`${scene.url}${call.path}`, options, (incoming) => {
      let body = ''
      incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body })).on('error', reject)
    })
    outgoing.on('error', reject).end(call.init.body)
  })
}

/** Pins of all that a redirected client is served, in that order. */
export async function servedPins(scene: Scene): Promise<string[]> {
  const { port } = scene.way('redirected').wire
  const socket = connect({ host: REDIRECTED, port, servername: HOST, ca: [...scene.ca] })
  try {
    await once(socket, 'secureConnect')
    const pins: string[] = []
    for (let next = socket.getPeerX509Certificate(); next !== undefined; next = next.issuerCertificate) {
      pins.push(pinOf(next.publicKey))
    }
    return pins
  } finally {
    socket.destroy()
  }
}

/** A server that nobody closes keeps the process alive. */
export async function orClose<Result>(work: Promise<Result>, origin: TlsServer): Promise<Result> {
  try {
    return await work
  } catch (error) {
    await origin.close()
    throw error
  }
}

/** Waits for all of them, also when one fails: what has been started is known then, and can be ended. */
export async function allOf(work: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

const lookupRedirected: LookupFunction = (_host, options, callback) => {
  if (options.all) callback(null, [{ address: REDIRECTED, family: 4 }])
  else callback(null, REDIRECTED, 4)
}
