/**
 * The certificates that are broken here: a whole chain with everything in it that is read, and the means to sign a
 * broken certificate anew, so that its signature is right and only its content is not.
 */

import { sign } from 'node:crypto'
import { type Held, intermediateOf, leafOf, mint, rootAuthority } from '../../support/authority.ts'
import { sequence, tlv } from '../../x509/encode.ts'

export const HOST = 'api.partner.test'

/** Trusted by the process; the keys are not pinned. */
export const root = await rootAuthority('Broken Root')

export const issuing = await intermediateOf(root, 'Broken CA', {
  pathLength: 1,
  nameConstraints: { permitted: ['partner.test', '127.0.0.0/8'], excluded: ['bad.test'] },
})

/** Without authority key id, so that any authority of the right name may seem to have signed it. */
export const leaf = await leafOf(issuing, [HOST, '*.partner.test', '127.0.0.1'], { authorityKeyId: 'none' })

/** Whose key is pinned, and who signed nothing of the chain, although the names say so. */
export const pinned = await rootAuthority('Broken Root')

/** The pinned key under the name and the key id of the authority that signed the leaf. */
export const impostor = await mint({
  subject: issuing.subject,
  keys: pinned,
  ca: true,
  issuer: pinned,
  subjectKeyId: issuing,
})

const SIGNATURE_ALGORITHM = sequence(Buffer.from('06082a8648ce3d040302', 'hex')) // ecdsa-with-SHA256

/** The part of a certificate that is signed. */
export function bodyOf(der: Buffer): Buffer {
  const start = headOf(der, 0)
  return der.subarray(start, headOf(der, start) + lengthAt(der, start))
}

/** A certificate around any bytes, with a signature that verifies. */
export function signed(body: Buffer, issuer: Held): Buffer {
  const signature = sign('sha256', body, issuer.keys.privateKey)
  return sequence(body, SIGNATURE_ALGORITHM, tlv(0x03, Buffer.of(0), signature))
}

export function pemOf(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

/** Where the content of the value begins that begins at `offset`. */
function headOf(der: Buffer, offset: number): number {
  const first = der.readUInt8(offset + 1)
  return offset + 2 + (first < 0x80 ? 0 : first & 0x7f)
}

function lengthAt(der: Buffer, offset: number): number {
  const first = der.readUInt8(offset + 1)
  return first < 0x80 ? first : der.readUIntBE(offset + 2, first & 0x7f)
}
