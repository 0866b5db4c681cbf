/**
 * What a pinning client sees that trusts the views Node offers: the premise of several attacks.
 *
 * A row that asserts "Node shows the pinned key here" stays a test of the attack when Node or OpenSSL change: once the
 * premise falls, it says so.
 */

import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect, type DetailedPeerCertificate } from 'node:tls'
import { type Held, pinOf } from '../support/authority.ts'
import type { TlsServer } from '../support/tls-server.ts'
import { HOST } from './cast.ts'

export interface NaiveView {
  /** Whether Node's own verification is content. */
  readonly authorized: boolean
  /** Pins along `getPeerCertificate(true)` and its `issuerCertificate`: linked by name, not by signature. */
  readonly linked: readonly string[]
  /** Pins of everything that was sent, in that order. */
  readonly sent: readonly string[]
}

export async function naiveView(server: TlsServer, trusted: readonly Held[]): Promise<NaiveView> {
  const socket = connect({
    host: '127.0.0.1',
    port: server.port,
    servername: HOST,
    ca: trusted.map(({ certificate }) => certificate),
  })
  try {
    await once(socket, 'secureConnect')
    // In this order: on Node <= 24 the newer view empties the older one.
    const linked = linkedPins(socket.getPeerCertificate(true))
    return { authorized: socket.authorized, linked, sent: sentPins(socket.getPeerX509Certificate()) }
  } finally {
    socket.destroy()
  }
}

function linkedPins(leaf: DetailedPeerCertificate): string[] {
  const seen = new Set<DetailedPeerCertificate>()
  for (let next: DetailedPeerCertificate | undefined = leaf; next && !seen.has(next); next = next.issuerCertificate) {
    seen.add(next)
  }
  return Array.from(seen, ({ raw }) => pinOf(new X509Certificate(raw).publicKey))
}

function sentPins(leaf: X509Certificate | undefined): string[] {
  const pins: string[] = []
  for (let next = leaf; next !== undefined; next = next.issuerCertificate) pins.push(pinOf(next.publicKey))
  return pins
}
