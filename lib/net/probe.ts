/**
 * One handshake with a host, to see what it shows: nothing is written on the connection, and nothing is decided.
 *
 * For the command line tool and the scheduled probe. Unlike the gate it goes on where verification fails, since what is
 * wrong is what its caller wants to know; so its socket is closed here and never handed out.
 */

import type { X509Certificate } from 'node:crypto'
import type { LookupFunction, Socket } from 'node:net'
import { checkServerIdentity, connect, type TLSSocket } from 'node:tls'
import type { Call, Rules } from '../judge.ts'
import { parsePolicy } from '../policy/document.ts'
import { type PathResult, verifyPath } from '../x509/path.ts'
import { authorizationCode } from './attempt.ts'
import { isAddress } from './call.ts'
import { asError } from './callbacks.ts'
import { HANDSHAKE_LIMIT_MS } from './dial.ts'
import { presentedCertificates, takeCertificates } from './peer.ts'
import type { ProxyAddress } from './proxy/address.ts'
import { type Gatekeeper, Tunnels } from './proxy/tunnel.ts'
import type { Surface } from './surface.ts'
import type { Trust } from './trust.ts'

export interface ProbeOptions {
  readonly trust: Trust
  /** Milliseconds since the epoch: the time at which the path is verified. */
  readonly now: number
  /** The name that TLS asks for and verifies. Default: the host. */
  readonly servername?: string | undefined
  /** Where to connect to. Default: where DNS says, at the port of the call. */
  readonly address?: { readonly host: string; readonly port?: number | undefined } | undefined
  readonly proxy?: ProxyAddress | undefined
  /** What TLS to the proxy is verified with. Default: `trust`. */
  readonly proxyTrust?: Trust | undefined
  readonly lookup?: LookupFunction | undefined
  readonly signal?: AbortSignal | undefined
}

/** What a host showed. */
export interface Probed {
  readonly host: string
  readonly port: number
  /** The name that was asked for and verified; canonical. */
  readonly servername: string
  /** The peer's address; with a proxy the proxy's. */
  readonly address: string | undefined
  /** Node's own verdict: `undefined` when it is content, else its code, like `CERT_HAS_EXPIRED`. */
  readonly problem: string | undefined
  /** As they were sent, the leaf first. */
  readonly presented: readonly X509Certificate[]
  /** What our own verification made of them. */
  readonly path: PathResult
  /** Like `TLSv1.3`. */
  readonly protocol: string | undefined
  /** The stapled OCSP response (RFC 6066 section 8), DER. */
  readonly ocsp: Buffer | undefined
}

/** @throws {Error} when no handshake ends: the network's error, TLS's, or the proxy's */
export async function probe(call: Call, options: ProbeOptions): Promise<Probed> {
  const servername = options.servername ?? call.host
  const { socket, ocsp } = await handshake(call, servername, options)
  try {
    const presented = presentedCertificates(socket)
    return {
      host: call.host,
      port: call.port,
      servername,
      address: socket.remoteAddress,
      problem: socket.authorized ? undefined : authorizationCode(socket.authorizationError),
      presented,
      path: verifyPath(presented, { host: servername, trust: options.trust.set, now: options.now }),
      protocol: socket.getProtocol() ?? undefined,
      ocsp,
    }
  } finally {
    // Not at once: the end of the handshake may not have left yet, and the host would log a failed one.
    socket.destroySoon()
  }
}

async function handshake(
  call: Call,
  servername: string,
  { trust, proxyTrust = trust, address, proxy, lookup, signal }: ProbeOptions,
): Promise<{ readonly socket: TLSSocket; readonly ocsp: Buffer | undefined }> {
  const place: Call = { ...call, host: address?.host ?? call.host, port: address?.port ?? call.port }
  const tunnels = new Tunnels(() => proxy, lookup)
  const tunnel = await tunnels.open(place, signal === undefined ? {} : { signal }, strangersGate(proxyTrust))
  const socket = connect({
    ...(tunnel === undefined ? { host: place.host, port: place.port } : { socket: tunnel.socket }),
    ...(lookup === undefined ? {} : { lookup }),
    servername: isAddress(servername) ? '' : servername,
    secureContext: trust.secureContext,
    // To see what is wrong with a chain. Nothing is ever written to this socket.
    rejectUnauthorized: false,
    checkServerIdentity: (_name, certificate) => checkServerIdentity(servername, certificate),
    ALPNProtocols: ['h2', 'http/1.1'],
    requestOCSP: true,
  })
  takeCertificates(socket)
  let ocsp: Buffer | undefined
  socket.on('OCSPResponse', (response: Buffer | null) => (ocsp = response ?? undefined))
  try {
    await secured(socket, signal)
    return { socket, ocsp }
  } catch (error) {
    socket.destroy()
    tunnel?.socket.destroy()
    throw error
  }
}

function secured(socket: Socket, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timedOut = `no TLS connection within ${HANDSHAKE_LIMIT_MS} ms`
    const timer = setTimeout(
      () => reject(Object.assign(new Error(timedOut), { code: 'ETIMEDOUT' })),
      HANDSHAKE_LIMIT_MS,
    )
    const onAbort = () => reject(asError(signal?.reason))
    signal?.addEventListener('abort', onAbort)
    socket.once('secureConnect', resolve).on('error', reject)
    socket.once('close', () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      reject(new Error('the connection was closed during its handshake'))
    })
    if (signal?.aborted) onAbort()
  })
}

/** TLS to the proxy is verified; no policy speaks of it here. */
function strangersGate(trust: Trust): Gatekeeper {
  const rules: Rules = { policy: parsePolicy({ version: 1, default: 'allow', hosts: {} }) }
  return {
    rules: () => rules,
    admit: () => undefined,
    admitAgain: () => undefined,
    notePlain: () => undefined,
    connect: (call: Call, { dial }: Surface) =>
      new Promise((resolve, reject) => {
        const options = {
          servername: isAddress(call.host) ? '' : call.host,
          rejectUnauthorized: true,
          secureContext: trust.secureContext,
          checkServerIdentity: (_name: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
            checkServerIdentity(call.host, certificate),
          pskCallback: undefined,
        } as const
        const socket = dial(options, trust, (error) => (error === null ? resolve(socket) : reject(error)))
        takeCertificates(socket)
      }),
  }
}
