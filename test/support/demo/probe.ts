/**
 * What a real server proves: one handshake, and every path from its certificates to an anchor that this process trusts,
 * by the library's own verifier. No request is sent.
 */

import { connect, type TLSSocket } from 'node:tls'
import type { Call } from '../../../lib/judge.ts'
import { isAddress } from '../../../lib/net/call.ts'
import { presentedCertificates } from '../../../lib/net/peer.ts'
import { TrustStore } from '../../../lib/net/trust.ts'
import { Certificate } from '../../../lib/x509/certificate.ts'
import { type VerifiedPath, verifyPath } from '../../../lib/x509/path.ts'

export interface Probe {
  /** `TLSv1.3 with 192.0.2.1` */
  readonly handshake: string
  /** At least one. */
  readonly paths: readonly VerifiedPath[]
  /** Titles of certificates that were sent and are in none of the paths. */
  readonly unused: readonly string[]
}

const HANDSHAKE_LIMIT_MS = 10_000

/** What to do about each failure that a person can mend, by its code. */
const HINTS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'check the name for a typing error; this machine could not resolve it',
  EAI_AGAIN: "this machine's name server did not answer: is there a network?",
  ECONNREFUSED: 'nothing listens there: check host and port, and that the server is up',
  ETIMEDOUT: 'a firewall may drop the connection; a proxy is used only if the option "proxy" names it',
  ECONNRESET: 'the server hung up: does it speak TLS on this port?',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the server does not speak TLS on this port',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the server does not speak TLS on this port',
  CERT_HAS_EXPIRED: 'its owner has to renew the certificate; a pin never forgives an invalid one',
  ERR_TLS_CERT_ALTNAME_INVALID: 'call it by a name that its certificate holds',
}

/** Node's codes for "no path to an anchor", which one setting mends. */
const UNTRUSTED =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(GET_ISSUER_CERT(_LOCALLY)?|VERIFY_LEAF_SIGNATURE))$/
const UNTRUSTED_HINT =
  'if the CA is private, put its root into a PEM file and name it in NODE_EXTRA_CA_CERTS; else the server must send its intermediates'

/** @throws {Error} whose message says why there is nothing to show, and what to do */
export async function probe(call: Call): Promise<Probe> {
  const { set, secureContext } = new TrustStore().for(undefined)
  const socket = connect({
    host: call.host,
    port: call.port,
    servername: isAddress(call.host) ? '' : call.host,
    secureContext,
    rejectUnauthorized: true,
  })
  try {
    await secured(socket)
    const handshake = `${socket.getProtocol()} with ${socket.remoteAddress}`
    const shown = presentedCertificates(socket)
    const result = verifyPath(shown, { host: call.host, trust: set, now: Date.now() })
    if (result.verified === undefined) {
      throw new Error(`Node accepts the certificate of "${call.host}", and its path is refused: ${result.reason}`)
    }
    const { paths } = result.verified
    const used = paths.flatMap(({ certificates }) => certificates.map(({ der }) => der.toString('base64')))
    const unused = shown.filter(({ raw }) => !used.includes(raw.toString('base64')))
    return { handshake, paths, unused: unused.map((x509) => new Certificate(x509).title) }
  } catch (error) {
    throw explained(call, error)
  } finally {
    socket.destroy()
  }
}

function secured(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.setTimeout(HANDSHAKE_LIMIT_MS, () =>
      reject(Object.assign(new Error(`no handshake within ${HANDSHAKE_LIMIT_MS} ms`), { code: 'ETIMEDOUT' })),
    )
    socket.once('secureConnect', resolve)
    socket.once('close', () => reject(new Error('the server closed the connection during the handshake')))
    socket.on('error', reject)
  })
}

function explained({ host, port }: Call, error: unknown): Error {
  // Several addresses were tried: each has its own error.
  const cause = error instanceof AggregateError ? error.errors[0] : error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const message = cause instanceof Error ? cause.message : String(cause)
  const hint = HINTS[code] ?? (UNTRUSTED.test(code) ? UNTRUSTED_HINT : undefined)
  const lines = [`Cannot show the path of ${host}:${port}: ${message}`, ...(hint ? [`  hint       ${hint}`] : [])]
  return new Error(lines.join('\n'), { cause: error })
}
