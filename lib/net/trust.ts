/**
 * Which trust anchors a host's connection uses, as the socket takes them and as the path verifier reads them.
 *
 * One object holds both forms, so that a path is always verified up to the anchors of the set that the socket used. A
 * TLS context is made once for each set: it costs more than a handshake.
 *
 * Shared state: one instance per guard.
 */

import { constants } from 'node:crypto'
import { createSecureContext, getCACertificates, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { HostEntry } from '../policy/reading.ts'
import { TrustSet } from '../x509/trust-set.ts'

export interface Trust {
  readonly set: TrustSet
  /** For `tls.connect`; `undefined`: Node's default set. */
  readonly ca: readonly string[] | undefined
  readonly secureContext: SecureContext
}

/**
 * No renegotiation (TLS 1.2): after the judgement a server could show another certificate, and nobody would look.
 * `TLSSocket.disableRenegotiation` does nothing for a client.
 */
export const SECURE_OPTIONS = constants.SSL_OP_NO_RENEGOTIATION

/** Anchors read at once, ahead of the first connection: some 2 ms in a new environment. */
const AHEAD = 24

/** Private sets kept. More hosts than this with `anchors` of their own make a context anew now and then. */
const MAX_PRIVATE_SETS = 64

export class TrustStore {
  readonly #ca: readonly string[] | undefined
  readonly #private = new Map<string, Trust>()
  #common: Trust | undefined
  #commonSource: readonly string[] | undefined

  /** @param ca PEM texts that replace Node's default set; unset: Node's, as it is when a connection is opened */
  constructor(ca?: readonly string[]) {
    this.#ca = ca
  }

  /** The set for a host: the `anchors` of its entry, else the guard's `ca`, else Node's. */
  for(entry: HostEntry | undefined): Trust {
    return entry?.anchors === undefined ? this.#commonTrust() : this.#privateTrust(entry.anchors)
  }

  /** Reads the common set while the process waits for something else, a few anchors at a time. Never throws. */
  prepare(): void {
    const goOn = () => {
      try {
        if (this.#commonTrust().set.readAhead(AHEAD)) setImmediate(goOn).unref()
      } catch {
        // Whoever calls is told.
      }
    }
    setImmediate(goOn).unref()
  }

  #commonTrust(): Trust {
    // Node returns the same array until tls.setDefaultCACertificates replaces the set.
    const source = this.#ca ?? getCACertificates('default')
    if (this.#common === undefined || source !== this.#commonSource) {
      this.#commonSource = source
      this.#common = {
        set: new TrustSet(source),
        ca: this.#ca,
        secureContext: createContext(this.#ca),
      }
    }
    return this.#common
  }

  #privateTrust(anchors: readonly string[]): Trust {
    const key = anchors.join('\n')
    const known = this.#private.get(key)
    if (known !== undefined) return known
    const trust = { set: new TrustSet(anchors), ca: anchors, secureContext: createContext(anchors) }
    if (this.#private.size >= MAX_PRIVATE_SETS) this.#private.clear()
    this.#private.set(key, trust)
    return trust
  }
}

function createContext(ca: readonly string[] | undefined): SecureContext {
  // Without a prototype: Node would take polluted `ciphers` for ours.
  const options: SecureContextOptions = Object.create(null)
  options.secureOptions = SECURE_OPTIONS
  if (ca !== undefined) options.ca = [...ca]
  return createSecureContext(options)
}
