/**
 * Signed policy documents: a JSON Web Signature in its flattened JSON form (RFC 7515 section 7.2.2) around the document.
 *
 *     { "protected": base64url({ alg, typ, kid?, exp?, crit? }), "payload": base64url(document), "signature": … }
 *
 * `alg` is `EdDSA` (Ed25519) or `ES256`, what KMS signs with ECDSA_SHA_256; the trusted key says which, never the envelope.
 * `typ` keeps a signature that was made for something else from being taken for a policy's. `exp` is an instant in seconds,
 * and critical. The document needs a `serial`, so that no older one can be put in its place.
 *
 * `jose` verifies; it is loaded only where `verifyKeys` is set. Not here: the keys (verify-key.ts),
 * and signing (cli/sign).
 */

import type { FlattenedJWSInput } from 'jose'
import { PinnedFetchError } from '../errors.ts'
import { decodeDocument } from './decode.ts'
import type { VerifyKey } from './verify-key.ts'

/** The `typ` of the protected header (RFC 7515 section 4.1.9). */
export const ENVELOPE_TYPE = 'pinned-fetch-policy+json'

/** A document that verified. */
export interface Opened {
  readonly document: unknown
  /** The key that signed it. */
  readonly keyId: string
  /** Milliseconds since the epoch; unset: the signature does not expire. */
  readonly expires: number | undefined
}

/**
 * The document in an envelope.
 *
 * @param now Milliseconds since the epoch
 * @throws {PinnedFetchError} `ERR_POLICY_SIGNATURE`; `ERR_POLICY_MALFORMED` when what was signed is no document
 */
export async function openEnvelope(
  envelope: unknown,
  { keys, now, source }: { readonly keys: readonly VerifyKey[]; readonly now: number; readonly source: string },
): Promise<Opened> {
  const refuse = (problem: string) => new PinnedFetchError('ERR_POLICY_SIGNATURE', { source, problem })
  if (!isEnvelope(envelope)) throw refuse('it is not signed')
  const { flattenedVerify } = await import('jose/jws/flattened/verify')
  for (const { key, algorithm, id } of keys) {
    const options = { algorithms: [algorithm], crit: { exp: true } }
    const verified = await flattenedVerify(envelope, key, options).catch(() => undefined)
    if (verified === undefined) continue
    const { typ, exp } = verified.protectedHeader ?? {}
    if (typ !== ENVELOPE_TYPE) throw refuse(`what was signed is no policy ("typ" is not "${ENVELOPE_TYPE}")`)
    if (exp !== undefined && !isSeconds(exp)) throw refuse('its "exp" is not a number of seconds')
    const expires = exp === undefined ? undefined : exp * 1000
    if (expires !== undefined && now >= expires) {
      throw refuse(`its signature expired at ${new Date(expires).toISOString()}`)
    }
    return { document: signedDocument(verified.payload, source), keyId: id, expires }
  }
  throw refuse('its signature does not verify with any of the keys in "verifyKeys"')
}

/** Whether a document is an envelope at all; nothing is verified. */
export function isEnvelope(value: unknown): value is FlattenedJWSInput & { readonly protected: string } {
  if (typeof value !== 'object' || value === null) return false
  const members = Object.keys(value)
  const { protected: header, payload, signature } = value as Record<string, unknown>
  return members.length === 3 && [header, payload, signature].every((member) => typeof member === 'string')
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 8.64e12
}

/** The document in an envelope, whoever signed it: to be shown, never to be enforced. */
export function unverifiedDocument({ payload }: { readonly payload: string | Uint8Array }, source: string): unknown {
  return decodeDocument(Buffer.from(String(payload), 'base64url'), source)
}

function signedDocument(payload: Uint8Array, source: string): unknown {
  const document = decodeDocument(payload, source)
  if (typeof document === 'object' && document !== null && Object.hasOwn(document, 'serial')) return document
  throw new PinnedFetchError('ERR_POLICY_MALFORMED', {
    source,
    path: 'serial',
    problem: 'is missing: a signed document needs one, so that no older one can take its place',
    repair: 'add "serial", higher than that of the last document, and sign it again',
  })
}
