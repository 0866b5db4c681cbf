/**
 * Makes the envelope of a signed policy: a flattened JWS (RFC 7515 section 7.2.2), see source/envelope.ts.
 *
 * The signature comes from wherever the key is, so the two lines that are signed are put together here.
 */

import { ENVELOPE_TYPE } from '../../source/envelope.ts'
import type { Signer } from './signer.ts'

export interface Envelope {
  readonly protected: string
  readonly payload: string
  readonly signature: string
}

/** @param expires Milliseconds since the epoch; `undefined`: the signature has no end */
export async function seal(
  document: unknown,
  { verifyKey, sign }: Signer,
  expires: number | undefined,
): Promise<Envelope> {
  const header = {
    alg: verifyKey.algorithm,
    typ: ENVELOPE_TYPE,
    kid: verifyKey.id,
    ...(expires === undefined ? {} : { exp: Math.floor(expires / 1000), crit: ['exp'] }),
  }
  const [protectedHeader, payload] = [header, document].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  const signature = await sign(Buffer.from(`${protectedHeader}.${payload}`))
  return { protected: protectedHeader ?? '', payload: payload ?? '', signature: signature.toString('base64url') }
}
