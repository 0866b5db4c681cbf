/**
 * One handshake: the TLS options that a judgement rests on, the session it offers, and the tickets it gets, which are
 * held back until the connection is accepted.
 */

import { checkServerIdentity, type PeerCertificate, type SecureContext, type TLSSocket } from 'node:tls'
import type { Call } from '../judge.ts'
import type { PathResult } from '../x509/path.ts'
import type { PathMemory } from '../x509/path-memory.ts'
import { isAddress } from './call.ts'
import { asError, type IdentityCheck } from './callbacks.ts'
import { presentedCertificates } from './peer.ts'
import type { KnownSession, SessionPlace } from './sessions.ts'
import type { Trust } from './trust.ts'

/** Options that a surface must pass on to `tls.connect` unchanged, above any of the user's. */
export interface ForcedOptions {
  readonly servername: string
  readonly rejectUnauthorized: true
  readonly secureContext: SecureContext
  readonly checkServerIdentity: IdentityCheck
  /** A key shared with the peer would count as a resumed session, and show no certificate. */
  readonly pskCallback: undefined
  /** A session to offer, when one is known that passes the rules of now. */
  readonly session?: Buffer
}

export class Attempt {
  readonly call: Call
  readonly trust: Trust
  readonly offered: KnownSession | undefined
  #held: Buffer | undefined
  #keep: ((ticket: Buffer) => void) | undefined

  constructor(call: Call, trust: Trust, offered: KnownSession | undefined) {
    this.call = call
    this.trust = trust
    this.offered = offered
  }

  get place(): SessionPlace {
    return { host: this.call.host, port: this.call.port, trustId: this.trust.set.id }
  }

  /** Whether the path is the one that came with the session. */
  resumed(path: PathResult): boolean {
    return this.offered !== undefined && path.verified === this.offered.proof
  }

  get options(): ForcedOptions {
    const { host } = this.call
    return {
      // The name that is judged is the name that TLS asks for and verifies; an address is never sent as one (RFC 6066).
      servername: isAddress(host) ? '' : host,
      rejectUnauthorized: true,
      secureContext: this.trust.secureContext,
      checkServerIdentity: (_name, certificate) => verifyIdentity(host, certificate),
      pskCallback: undefined,
      ...(this.offered === undefined ? {} : { session: this.offered.ticket }),
    }
  }

  /** What the handshake proved: the certificates shown, or the proof that came with the session. */
  proof(socket: TLSSocket, memory: PathMemory, now: number): PathResult {
    if (socket.authorized !== true) {
      return unproven(`TLS did not verify it (${authorizationCode(socket.authorizationError)})`)
    }
    if (socket.isSessionReused()) {
      if (this.offered !== undefined) return { verified: this.offered.proof }
      return unproven('a session was resumed that was not offered')
    }
    return memory.verify(presentedCertificates(socket), { host: this.call.host, trust: this.trust.set, now })
  }

  onTicket(ticket: Buffer): void {
    if (this.#keep === undefined) this.#held = ticket
    else this.#keep(ticket)
  }

  keepTickets(keep: (ticket: Buffer) => void): void {
    this.#keep = keep
    if (this.#held !== undefined) keep(this.#held)
    this.#held = undefined
  }
}

function unproven(reason: string): PathResult {
  return { verified: undefined, reason, presented: [] }
}

/** Node's code for a peer that it did not verify: a text, or an error that carries one. */
export function authorizationCode(reason: unknown): string {
  if (typeof reason === 'string') return reason
  const code = (reason as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : 'unknown'
}

/** Node's own check as it was when this module was loaded: who replaces it later does not loosen ours. */
const checkIdentityOfNode = checkServerIdentity

/** Whether the certificate names the judged host, and nobody else's idea of it. Never throws. */
function verifyIdentity(host: string, certificate: PeerCertificate): Error | undefined {
  try {
    return checkIdentityOfNode(host, certificate)
  } catch (error) {
    return asError(error)
  }
}
