/**
 * The way to an origin through a proxy: a socket that the proxy has joined to the origin, over which TLS is then spoken
 * and judged as if there were no proxy.
 *
 * TLS to an `https:` proxy is verified like any other, and a proxy that an entry of the policy covers must prove a
 * pinned key as well, before it learns anything: neither which host is asked for nor its credentials. Beside that a proxy
 * is trusted with nothing: it carries ciphertext.
 */

import { connect as connectTcp, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { PinnedFetchError } from '../../errors.ts'
import type { Call, Rules } from '../../judge.ts'
import { canonicalHost } from '../../policy/host.ts'
import { asError } from '../callbacks.ts'
import { whenConnected } from '../dial.ts'
import type { Surface } from '../surface.ts'
import type { ProxyAddress } from './address.ts'
import { tunnelByHttp } from './http.ts'
import { tunnelBySocks } from './socks.ts'

/** Reaching the proxy and its answer together may take so long, ms; as long as a handshake may. */
const TUNNEL_LIMIT_MS = 10_000

/** What the gate does for the connection to the proxy itself. */
export interface Gatekeeper {
  rules(): Rules | Promise<Rules>
  admit(rules: Rules, call: Call): void
  admitAgain(call: Call): void
  connect(call: Call, surface: Surface): Promise<Socket>
  notePlain(call: Call, socket: Socket, retire: () => void): void
}

/** An open way through a proxy. */
export interface Tunnel {
  readonly socket: Socket
  /** Says what to do when the connection to the proxy is taken out of use; until then the tunnel is closed. */
  readonly onRetire: (retire: () => void) => void
}

/** What a tunnel is opened for. */
export type TunnelFor = Pick<Surface, 'dialled' | 'signal'>

export class Tunnels {
  readonly #proxyFor: (call: Call) => ProxyAddress | undefined
  readonly #lookup: LookupFunction | undefined

  /** @param proxyFor `undefined`: the call goes out directly */
  constructor(proxyFor: (call: Call) => ProxyAddress | undefined, lookup?: LookupFunction) {
    this.#proxyFor = proxyFor
    this.#lookup = lookup
  }

  /**
   * The tunnel for a call; `undefined`: it needs none.
   *
   * @throws {PinnedFetchError} `ERR_PROXY_FAILED`; or what the proxy's own connection was refused for
   */
  async open(call: Call, { dialled, signal }: TunnelFor, gatekeeper: Gatekeeper): Promise<Tunnel | undefined> {
    const proxy = call.isProxy ? undefined : this.#proxyFor(call)
    if (proxy === undefined) return undefined
    const carrier = new Carrier(signal)
    try {
      const socket = await carrier.hold(this.#reach(proxy, carrier, gatekeeper))
      const host = canonicalHost(dialled ?? call.host) ?? call.host
      await carrier.hold(tunnelThrough(socket, proxy, { host, port: call.port }))
      return { socket, onRetire: (retire) => (carrier.retire = retire) }
    } catch (error) {
      carrier.close()
      throw describe(asError(error), call, proxy)
    } finally {
      carrier.release()
    }
  }

  async #reach(proxy: ProxyAddress, carrier: Carrier, gatekeeper: Gatekeeper): Promise<Socket> {
    const { host, port } = proxy
    const protocol = proxy.protocol === 'https:' ? 'https:' : 'http:'
    const place: Call = { protocol, host, port, isProxy: true }
    const lookup = this.#lookup === undefined ? {} : { lookup: this.#lookup }
    if (protocol === 'http:') {
      gatekeeper.admit(await gatekeeper.rules(), place)
      const socket = await connected(carrier.take(connectTcp({ host, port, ...lookup })))
      // The policy may have come to cover it while it was connected.
      gatekeeper.admitAgain(place)
      gatekeeper.notePlain(place, socket, () => carrier.retire())
      return socket
    }
    return await gatekeeper.connect(place, {
      dial: (forced, _trust, callback) => {
        const socket = connectTls({ host, port, ALPNProtocols: ['http/1.1'], ...lookup, ...forced })
        carrier.take(socket)
        whenConnected(socket, callback)
        return socket
      },
      isResumable: true,
      retire: () => carrier.retire(),
    })
  }
}

/** The socket to the proxy while the tunnel is made: whoever gives up, it is closed. */
class Carrier {
  retire = (): void => this.close()
  readonly #signal: AbortSignal | undefined
  readonly #timer: NodeJS.Timeout
  readonly #givenUp: Promise<never>
  #giveUp: (reason: Error) => void = () => undefined
  #socket: Socket | undefined
  #isClosed = false

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal
    this.#givenUp = new Promise((_resolve, reject) => (this.#giveUp = reject))
    this.#givenUp.catch(() => undefined)
    this.#timer = setTimeout(() => this.#giveUp(timedOut()), TUNNEL_LIMIT_MS)
    signal?.addEventListener('abort', this.#onAbort)
    if (signal?.aborted) this.#onAbort()
  }

  take(socket: Socket): Socket {
    this.#socket = socket
    // Stays: what happens to it later is told by the connection that it carries.
    socket.on('error', () => undefined)
    if (this.#isClosed) socket.destroy()
    return socket
  }

  /** Settles as `work` does, or rejects when the caller or the clock gives up first. */
  hold<Result>(work: Promise<Result>): Promise<Result> {
    return Promise.race([work, this.#givenUp])
  }

  release(): void {
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }

  close(): void {
    this.#isClosed = true
    this.#socket?.destroy()
  }

  readonly #onAbort = (): void => this.#giveUp(new Error('the call was given up'))
}

function connected(socket: Socket): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket)).once('error', reject)
  })
}

function tunnelThrough(socket: Socket, proxy: ProxyAddress, target: { host: string; port: number }): Promise<void> {
  const tunnelBy = proxy.protocol === 'socks5:' ? tunnelBySocks : tunnelByHttp
  return tunnelBy(socket, target, proxy.credentials)
}

/** Ours stays as it is; everything else is put down to the proxy, so that nobody takes it for the origin's. */
function describe(error: Error, { host, port }: Call, { label }: ProxyAddress): Error {
  if (error instanceof PinnedFetchError) return error
  const { code } = error as NodeJS.ErrnoException
  const reason = code === undefined ? error.message : `${error.message} (${code})`
  return new PinnedFetchError('ERR_PROXY_FAILED', { host, port, proxy: label, reason }, { cause: error })
}

function timedOut(): Error {
  return Object.assign(new Error(`no tunnel within ${TUNNEL_LIMIT_MS} ms`), { code: 'ETIMEDOUT' })
}
