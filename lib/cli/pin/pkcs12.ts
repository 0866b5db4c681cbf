/**
 * The certificates of a PKCS#12 file (RFC 7292).
 *
 * Node reads PKCS#12, but only into a TLS context, which tells nobody what is in it. So a server with this context and a
 * client shake hands in memory, and what the client is shown is what was in the file: the certificate of its key first,
 * then the others. A file without a private key can't be read so.
 */

import type { X509Certificate } from 'node:crypto'
import { duplexPair } from 'node:stream'
import { connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import { whenConnected } from '../../net/dial.ts'
import { presentedCertificates, takeCertificates } from '../../net/peer.ts'
import { CommandError } from '../failure.ts'

export interface Pkcs12 {
  /** As it is told. */
  readonly name: string
  readonly bytes: Buffer
  readonly password: string | undefined
}

/** Weak keys are read too; whether they are acceptable is nobody's question here. */
const CIPHERS = 'DEFAULT:@SECLEVEL=0'

/** By what Node's error says. */
const PROBLEMS: readonly (readonly [sign: RegExp, problem: string, hint: string])[] = [
  [/mac verify/i, 'the password is wrong, or missing', 'give it by --password-file or in PINNED_FETCH_PASSWORD'],
  [
    /private key/i,
    'it has no private key, and Node cannot read such a file',
    'take the certificates out of it: openssl pkcs12 -nokeys -in <file> -out certificates.pem',
  ],
  [
    /unsupported/i,
    'it is encrypted in a way that Node does not read any more',
    'take the certificates out of it: openssl pkcs12 -legacy -nokeys -in <file> -out certificates.pem',
  ],
]

const UNKNOWN = [
  /$/,
  'Node cannot read it',
  'take the certificates out of it: openssl pkcs12 -nokeys -in <file> -out certificates.pem',
] as const

/** PFX ::= SEQUENCE { version INTEGER (3), … }, in DER or BER: at its start stands the version, of whatever length it is. */
export function isPkcs12(bytes: Buffer): boolean {
  return bytes[0] === 0x30 && bytes.subarray(1, 9).includes(Buffer.of(0x02, 0x01, 0x03))
}

/** @throws {CommandError} when the password is wrong, or it is written in a way that Node can't read */
export async function readPkcs12({ name, bytes, password }: Pkcs12): Promise<readonly X509Certificate[]> {
  let secureContext: SecureContext
  try {
    secureContext = createSecureContext({ pfx: bytes, passphrase: password ?? '', ciphers: CIPHERS })
  } catch (error) {
    const { message } = error as Error
    const [, problem, hint] = PROBLEMS.find(([sign]) => sign.test(message)) ?? UNKNOWN
    throw new CommandError(`${name}: ${problem} (${message})`, hint, { cause: error })
  }
  return await shownBy(secureContext)
}

function shownBy(secureContext: SecureContext): Promise<readonly X509Certificate[]> {
  const [near, far] = duplexPair()
  const server = new TLSSocket(far as never, { isServer: true, secureContext })
  server.on('error', () => undefined)
  // Its trust is nobody's question either: what is read is what stands in the file.
  const client = connect({ socket: near as never, rejectUnauthorized: false, ciphers: CIPHERS })
  takeCertificates(client)
  return new Promise((resolve, reject) => {
    whenConnected(client, (error) => {
      const certificates = error === null ? presentedCertificates(client) : []
      client.destroy()
      server.destroy()
      if (error === null) resolve(certificates)
      else reject(error)
    })
  })
}
