/**
 * Who plays: the partner with its key of today, the partner with its next key, and an attacker with a certificate for
 * the partner's name from a CA that the function trusts. Each is a real TLS server that records what it receives.
 */

import { generateKeys, type Held, intermediateOf, leafOf, pinOf, presented, rootAuthority } from '../authority.ts'
import { startTlsServer, type TlsServer } from '../tls-server.ts'

/** The name that every resolver knows without a network. */
export const HOST = 'localhost'

/** A key by the name that people give it, as it stands in a policy. */
export interface NamedKey {
  readonly name: string
  /** `sha256/<base64>` */
  readonly pin: string
}

export interface Player extends NamedKey {
  readonly server: TlsServer
  /** Ends every connection with its next answer, as a server does that is being replaced. */
  drain(): void
  /** Leaves connections open again. */
  stay(): void
}

export interface Cast {
  readonly partner: Player
  /** The partner after its rotation. */
  readonly renewed: Player
  readonly attacker: Player
  /** The partner's key in a safe: pinned, never served. */
  readonly reserve: NamedKey
  /** PEM of the two roots that the function trusts. */
  readonly trusted: readonly string[]
  /** Who signed for whom. */
  readonly partnerCa: string
  readonly attackerCa: string
  close(): Promise<void>
}

export async function assembleCast(): Promise<Cast> {
  const partnerRoot = await rootAuthority('Partner Root CA')
  const partnerIssuing = await intermediateOf(partnerRoot, 'Partner Issuing CA', { pathLength: 0 })
  const attackerRoot = await rootAuthority('Careless Root CA')
  const leaves = [
    await leafOf(partnerIssuing, [HOST]),
    await leafOf(partnerIssuing, [HOST]),
    await leafOf(attackerRoot, [HOST]),
  ] as const
  const [partner, renewed, attacker] = [
    await player('partner key 1', leaves[0], partnerIssuing),
    await player('partner key 2', leaves[1], partnerIssuing),
    await player('attacker key', leaves[2]),
  ]
  const reserve = await generateKeys('p256')
  return {
    partner,
    renewed,
    attacker,
    reserve: { name: 'reserve key', pin: pinOf(reserve.publicKey) },
    trusted: [partnerRoot.certificate, attackerRoot.certificate],
    partnerCa: partnerRoot.subject,
    attackerCa: attackerRoot.subject,
    close: async () => {
      await Promise.all([partner, renewed, attacker].map(({ server }) => server.close()))
    },
  }
}

async function player(name: string, leaf: Held, ...others: readonly Held[]): Promise<Player> {
  let isDraining = false
  const server = await startTlsServer(presented(leaf, ...others), {
    respond: () => ({ headers: isDraining ? { connection: 'close' } : {}, body: `served with ${name}` }),
  })
  return {
    name,
    pin: leaf.pin,
    server,
    drain() {
      isDraining = true
    },
    stay() {
      isDraining = false
    },
  }
}
