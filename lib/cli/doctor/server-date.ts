/**
 * What time it is at the host: the `Date` of its answer to one `HEAD /`, without credentials and without the path of the
 * URL.
 *
 * The certificates may be valid by no clock of ours, so Node does not verify them here: the caller did, their dates aside
 * (gather.ts), and the request is written only to the one who proves the very same leaf again.
 */

import { request } from 'node:https'
import { connect, type TLSSocket } from 'node:tls'
import type { Call, Rules } from '../../judge.ts'
import { isAddress } from '../../net/call.ts'
import { presentedCertificates, takeCertificates } from '../../net/peer.ts'
import { authority, type ProxyAddress } from '../../net/proxy/address.ts'
import { type Gatekeeper, Tunnels } from '../../net/proxy/tunnel.ts'
import { parsePolicy } from '../../policy/document.ts'

const LIMIT_MS = 10_000

export interface DateRequest {
  readonly call: Call
  readonly servername: string
  /** Where to connect to. */
  readonly place: Call
  readonly proxy: ProxyAddress | undefined
  /** The leaf that was verified, DER. */
  readonly leaf: Buffer
}

/** Milliseconds since the epoch. @throws {Error} why it is not known */
export async function askDate({ call, servername, place, proxy, leaf }: DateRequest): Promise<number> {
  if (proxy?.protocol === 'https:') throw new Error('it is not asked for through a proxy that speaks TLS itself')
  const tunnel = await new Tunnels(() => proxy).open(place, {}, CARELESS)
  const socket = connect({
    ...(tunnel === undefined ? { host: place.host, port: place.port } : { socket: tunnel.socket }),
    servername: isAddress(servername) ? '' : servername,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  })
  takeCertificates(socket)
  const timer = setTimeout(() => socket.destroy(new Error('it does not answer')), LIMIT_MS)
  try {
    await secured(socket)
    if (!presentedCertificates(socket)[0]?.raw.equals(leaf)) throw new Error('it shows another certificate each time')
    return await headDate(socket, authority(call))
  } finally {
    clearTimeout(timer)
    socket.destroy()
    tunnel?.socket.destroy()
  }
}

function secured(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve).once('close', () => reject(new Error('it closed the connection')))
    // Stays: what happens later must not be an uncaught exception.
    socket.on('error', reject)
  })
}

function headDate(socket: TLSSocket, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({
      method: 'HEAD',
      path: '/',
      headers: { host: host.replace(/:443$/, ''), 'user-agent': 'pinned-fetch doctor', connection: 'close' },
      createConnection: () => socket,
    })
    asked.once('response', ({ headers }) => {
      const date = Date.parse(headers.date ?? '')
      if (Number.isNaN(date)) reject(new Error('its answer has no date'))
      else resolve(date)
    })
    asked.on('error', reject)
    asked.once('close', () => reject(new Error('it closed the connection')))
    asked.end()
  })
}

/** A proxy without TLS has nothing to prove. */
const CARELESS: Gatekeeper = {
  rules: (): Rules => ({ policy: parsePolicy({ version: 1, default: 'allow', hosts: {} }) }),
  admit: () => undefined,
  admitAgain: () => undefined,
  notePlain: () => undefined,
  connect: () => Promise.reject(new Error('it is not asked for through a proxy that speaks TLS itself')),
}
