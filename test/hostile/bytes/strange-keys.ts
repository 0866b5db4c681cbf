/**
 * Public keys that can't be decoded, or that Node has no name for: SubjectPublicKeyInfo by SubjectPublicKeyInfo
 * (RFC 5280 section 4.1.2.7), and authorities that hold them.
 */

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { Held } from '../../support/authority.ts'
import { ATTRIBUTE, boolean, distinguishedName, objectIdentifier, sequence, text, tlv } from '../../x509/encode.ts'
import { signed } from './cast.ts'

const OID = {
  rsa: '1.2.840.113549.1.1.1',
  rsaPss: '1.2.840.113549.1.1.10',
  ec: '1.2.840.10045.2.1',
  p256: '1.2.840.10045.3.1.7',
  ed25519: '1.3.101.112',
  mlDsa65: '2.16.840.1.101.3.4.3.18',
  nobodys: '1.3.6.1.4.1.99999.1',
} as const

const NULL = Buffer.of(5, 0)

const ODD_EXPONENT = Buffer.of(1, 0, 1)

/** By what is strange about it. */
export function strangeKeys(): Readonly<Record<string, Buffer>> {
  return {
    'a curve without a NIST name': generatedOn('secp256k1'),
    'a Brainpool curve': generatedOn('brainpoolP256r1'),
    'a curve of 112 bits': generatedOn('secp112r1'),
    'a binary curve': generatedOn('sect283k1'),
    'a curve written out': spkiOf(
      generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).publicKey,
    ),
    'a curve that is implied': keyInfo(OID.ec, NULL, Buffer.alloc(65, 4)),
    'a curve that nobody knows': keyInfo(OID.ec, objectIdentifier(OID.nobodys), Buffer.alloc(65, 4)),
    'a point off its curve': keyInfo(OID.ec, objectIdentifier(OID.p256), Buffer.alloc(65, 4)),
    'the point at infinity': keyInfo(OID.ec, objectIdentifier(OID.p256), Buffer.of(0)),
    'no point': keyInfo(OID.ec, objectIdentifier(OID.p256), Buffer.alloc(0)),
    'an algorithm that nobody knows': keyInfo(OID.nobodys, NULL, Buffer.alloc(32, 1)),
    'an algorithm named 0.0': keyInfo('0.0', NULL, Buffer.of(0)),
    'X25519, which signs nothing': spkiOf(generateKeyPairSync('x25519').publicKey),
    DSA: spkiOf(generateKeyPairSync('dsa', { modulusLength: 1_024, divisorLength: 160 }).publicKey),
    'RSA with the modulus 0': rsa(Buffer.of(0), ODD_EXPONENT),
    'RSA with the modulus 1': rsa(Buffer.of(1), ODD_EXPONENT),
    'RSA with a negative modulus': rsa(Buffer.alloc(256, 0xff), ODD_EXPONENT),
    'RSA with an even modulus': rsa(Buffer.alloc(256, 0x7e), ODD_EXPONENT),
    'RSA with the exponent 0': rsa(Buffer.alloc(256, 0x7f), Buffer.of(0)),
    'RSA with an exponent as long as its modulus': rsa(Buffer.alloc(256, 0x7f), Buffer.alloc(256, 0x7d)),
    'RSA with a modulus of 160,000 bits': rsa(Buffer.alloc(20_000, 0x7f), ODD_EXPONENT),
    'RSA that is no sequence': keyInfo(OID.rsa, NULL, Buffer.alloc(270, 0x30)),
    'RSA-PSS with parameters of another kind': keyInfo(OID.rsaPss, sequence(NULL, NULL), Buffer.alloc(270, 1)),
    'Ed25519 with a byte too few': keyInfo(OID.ed25519, Buffer.alloc(0), Buffer.alloc(31, 1)),
    'ML-DSA-65 with one byte': keyInfo(OID.mlDsa65, Buffer.alloc(0), Buffer.of(1)),
  }
}

/** An authority named `name` with this key; signed by somebody, which proves nothing. */
export function authorityWith(spki: Buffer, name: string, signer: Held): Buffer {
  const commonName = distinguishedName([ATTRIBUTE.commonName, text(0x0c, name)])
  const validity = sequence(text(0x17, '200101000000Z'), text(0x17, '491231235959Z'))
  const basicConstraints = sequence(objectIdentifier('2.5.29.19'), boolean(true), tlv(4, sequence(boolean(true))))
  const body = sequence(
    tlv(0xa0, tlv(2, Buffer.of(2))),
    tlv(2, Buffer.of(1)),
    sequence(objectIdentifier('1.2.840.10045.4.3.2')),
    commonName,
    validity,
    commonName,
    spki,
    tlv(0xa3, sequence(basicConstraints)),
  )
  return signed(body, signer)
}

function generatedOn(namedCurve: string): Buffer {
  return spkiOf(generateKeyPairSync('ec', { namedCurve }).publicKey)
}

function spkiOf(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' })
}

function keyInfo(algorithm: string, parameters: Buffer, bits: Buffer): Buffer {
  return sequence(sequence(objectIdentifier(algorithm), parameters), tlv(3, Buffer.of(0), bits))
}

function rsa(modulus: Buffer, exponent: Buffer): Buffer {
  return keyInfo(OID.rsa, NULL, sequence(tlv(2, modulus), tlv(2, exponent)))
}
