/**
 * The pinning guard that tutorials show, written down faithfully: Node's documented sample for `node:https` with its walk
 * along `issuerCertificate`, handed to an `https.Agent` and to undici's `connect`.
 *
 * It is what {@link https://nodejs.org/api/https.html#httpsrequesturl-options-callback} prints, with three things bettered,
 * so that it isn't beaten for what is easily mended: it hashes the SubjectPublicKeyInfo (the sample's `cert.pubkey` is one
 * for RSA keys only, see {@link documentedPin}), it takes a list of pins for each host, and any key on the walk will do,
 * as those want it who pin their issuer. It is used by the comparison alone and must never be used for anything else.
 */

import { createHash, X509Certificate } from 'node:crypto'
import { Agent as HttpsAgent } from 'node:https'
import type { LookupFunction } from 'node:net'
import { checkServerIdentity, type DetailedPeerCertificate, type PeerCertificate } from 'node:tls'
import { Agent, Dispatcher1Wrapper, fetch as undiciFetch } from 'undici'

/** Pins by host name, or by `*.` and the rest of one, as the owner wrote them. */
export type PinsByHost = ReadonlyMap<string, ReadonlySet<string>>

export interface TutorialGuardOptions {
  /** Asked in every check, so that the owner can change them. */
  readonly pinsByHost: () => PinsByHost
  /** Whether a host without pins may be called. */
  readonly otherHosts: () => 'allow' | 'deny'
  readonly ca?: string | Buffer | (string | Buffer)[]
  readonly lookup: LookupFunction
  /** Told of every peer that was accepted; `pin` is missing where none was asked for. */
  readonly onAccept: (host: string, pin: string | undefined) => void
}

/** The same three ways to call as the real guard has. */
export function tutorialGuard({ ca, lookup, ...rules }: TutorialGuardOptions) {
  const connect = { checkServerIdentity: pinCheck(rules), lookup, ...(ca === undefined ? {} : { ca }) }
  const agent = new HttpsAgent({ keepAlive: true, ...connect })
  // Node's own fetch speaks to undici of another version; without this it can't use the Agent at all.
  const dispatcher = new Dispatcher1Wrapper(new Agent({ connect }))
  const fetch = (input: Parameters<typeof undiciFetch>[0], init?: object) => undiciFetch(input, { ...init, dispatcher })
  return {
    fetch,
    agent,
    dispatcher,
    async close() {
      agent.destroy()
      await dispatcher.destroy()
    },
  }
}

/** The option `checkServerIdentity`: returns what speaks against the peer. */
function pinCheck({ pinsByHost, otherHosts, onAccept }: Omit<TutorialGuardOptions, 'ca' | 'lookup'>) {
  return (host: string, certificate: PeerCertificate): Error | undefined => {
    // Make sure the certificate is issued to the host we are connected to.
    const misnamed = checkServerIdentity(host, certificate)
    if (misnamed) return misnamed

    const pins = pinsByHost().get(host) ?? pinsByHost().get(host.replace(/^[^.]+/, '*'))
    if (pins === undefined) {
      if (otherHosts() === 'deny') return refusal('ERR_HOST_NOT_COVERED', `No pins for ${host}`)
      onAccept(host, undefined)
      return undefined
    }

    // Pin the public key, similar to HPKP pin-sha256 pinning: the leaf's or that of any of its issuers.
    let walked: DetailedPeerCertificate | undefined = certificate as DetailedPeerCertificate
    let last: string
    do {
      const pin = pinOf(walked.raw)
      if (pins.has(pin)) {
        onAccept(host, pin)
        return undefined
      }
      last = walked.fingerprint256
      walked = walked.issuerCertificate
    } while (walked !== undefined && walked.fingerprint256 !== last)
    return refusal('ERR_PIN_MISMATCH', `Certificate verification error: no public key of ${host} matches our pins`)
  }
}

function pinOf(der: Buffer): string {
  const info = new X509Certificate(der).publicKey.export({ type: 'spki', format: 'der' })
  return `sha256/${createHash('sha256').update(info).digest('base64')}`
}

/** What the documented sample itself compares: nothing that openssl would print for an elliptic curve key. */
export function documentedPin(certificate: PeerCertificate): string {
  const { pubkey } = certificate as DetailedPeerCertificate & { readonly pubkey?: Buffer }
  return `sha256/${createHash('sha256')
    .update(pubkey ?? '')
    .digest('base64')}`
}

/** With our codes, as a favour: tests that look for them then find them. */
function refusal(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
