/**
 * A partner with several hosts, each a real TLS server on 127.0.0.1, for the transcripts of `check` and `audit`.
 */

import { after, before } from 'node:test'
import { intermediateOf, leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startConnectProxy } from '../support/connect-proxy.ts'
import { startTlsServer, type TlsServer } from '../support/tls-server.ts'

const DAY_MS = 86_400_000

/** A whole second, as certificates have it. */
export const NOW = Math.floor(Date.now() / 1000) * 1000

const inDays = (days: number) => new Date(NOW + days * DAY_MS)

export interface PartnerScene {
  /** For the transcript: pins, addresses, certificates. */
  readonly variables: Record<string, string>
  readonly servers: readonly TlsServer[]
}

/** The scene is filled before the first test and taken down after the last. */
export function partnerScene(): PartnerScene {
  const scene = { variables: {} as Record<string, string>, servers: [] as TlsServer[], close: [] as (() => unknown)[] }
  before(async () => {
    const root = await rootAuthority('Partner Root', { notAfter: inDays(3650) })
    const issuer = await intermediateOf(root, 'Partner Issuing CA 3', { notAfter: inDays(800) })
    const [api, rotated] = await Promise.all([
      leafOf(issuer, ['api.partner.test', 'reports.partner.test', 'eu.shops.partner.test'], { notAfter: inDays(100) }),
      leafOf(issuer, ['rotated.partner.test', 'wrong.partner.test'], { notAfter: inDays(12) }),
    ])
    const expired = await leafOf(issuer, ['old.partner.test'], { notBefore: inDays(-90), notAfter: inDays(-2) })
    const stranger = await rootAuthority('Stranger Root')
    const serve = async (leaf: typeof api) => {
      const server = await startTlsServer(presented(leaf, issuer))
      scene.servers.push(server)
      scene.close.push(() => server.close())
      return `127.0.0.1:${server.port}`
    }
    const keys = { ROOT: root, ISSUER: issuer, API: api, ROTATED: rotated, OLD: expired, STRANGER: stranger }
    for (const [name, { pin }] of Object.entries(keys)) {
      scene.variables[`${name}_PIN`] = pin
      scene.variables[`${name}_DIGEST`] = pin.slice('sha256/'.length)
      scene.variables[`${name}_START`] = pin.slice(0, 'sha256/'.length + 8)
    }
    const proxy = await startConnectProxy()
    scene.close.push(() => proxy.close())
    Object.assign(scene.variables, {
      ROOT: root.certificate,
      STRANGER_ROOT_JSON: JSON.stringify(stranger.certificate),
      API: await serve(api),
      ROTATED: await serve(rotated),
      OLD: await serve(expired),
      PROXY: `http://127.0.0.1:${proxy.port}`,
      API_CHAIN: [api, issuer].map(({ certificate }) => certificate).join('\n'),
      ROTATED_CHAIN: [rotated, issuer].map(({ certificate }) => certificate).join('\n'),
      IN_10_DAYS: inDays(10).toISOString(),
      IN_200_DAYS: inDays(200).toISOString(),
      BEFORE_API: inDays(-30).toISOString(),
    })
  })
  after(() => Promise.all(scene.close.map((close) => close())))
  return scene
}
