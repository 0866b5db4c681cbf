import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { Certificate } from '../../lib/x509/certificate.ts'
import { DerError, readDer, TAG } from '../../lib/x509/der.ts'
import { isStrongSignature } from '../../lib/x509/signature.ts'
import { type CertificateSpec, type KeyKind, keptKeys, mint } from '../support/authority.ts'
import { objectIdentifier, sequence, text, tlv } from './encode.ts'

const SHA1 = '1.3.14.3.2.26'
const SHA256 = '2.16.840.1.101.3.4.2.1'
const PSS = '1.2.840.113549.1.1.10'
const NULL = tlv(0x05)

const isStrong = (type: string, ...parameters: readonly Buffer[]) =>
  isStrongSignature(readDer(sequence(objectIdentifier(type), ...parameters)))

const pssWith = (hash: string) => sequence(tlv(0xa0, sequence(objectIdentifier(hash), NULL)))

const signed = async (kind: KeyKind, spec: CertificateSpec = {}) =>
  new Certificate(new X509Certificate((await mint({ keys: await keptKeys(kind), ...spec })).der)).stronglySigned

describe('a signature still resists forgery', () => {
  it('by every kind of key that the kit signs with', async () => {
    for (const kind of ['p256', 'p384', 'p521', 'rsa2048', 'rsa-pss', 'ed25519'] as const) {
      assert.equal(await signed(kind), true, kind)
    }
  })

  it('over SHA-256, SHA-384 and SHA-512, by RSA, RSASSA-PSS and ECDSA', async () => {
    for (const hash of ['SHA-256', 'SHA-384', 'SHA-512'] as const) {
      assert.equal(await signed('rsa2048', { hash }), true)
      assert.equal(await signed('rsa2048', { hash, pss: true }), true)
      assert.equal(await signed('p256', { hash }), true)
    }
  })

  it('by Ed448 and ML-DSA', () => {
    for (const type of [
      '1.3.101.113',
      '2.16.840.1.101.3.4.3.17',
      '2.16.840.1.101.3.4.3.18',
      '2.16.840.1.101.3.4.3.19',
    ]) {
      assert.equal(isStrong(type), true)
    }
  })
})

describe('a signature can be forged', () => {
  it('over SHA-1, by RSA, RSASSA-PSS and ECDSA', async () => {
    assert.equal(await signed('rsa2048', { hash: 'SHA-1' }), false)
    assert.equal(await signed('rsa2048', { hash: 'SHA-1', pss: true }), false)
    assert.equal(await signed('p256', { hash: 'SHA-1' }), false)
  })

  const weak = {
    'MD2 with RSA': '1.2.840.113549.1.1.2',
    'MD5 with RSA': '1.2.840.113549.1.1.4',
    'SHA-1 with RSA': '1.2.840.113549.1.1.5',
    'SHA-1 with RSA, by its other name': '1.3.14.3.2.29',
    'SHA-224 with RSA': '1.2.840.113549.1.1.14',
    'SHA-1 with ECDSA': '1.2.840.10045.4.1',
    'SHA-224 with ECDSA': '1.2.840.10045.4.3.1',
    'DSA with SHA-256': '2.16.840.1.101.3.4.3.2',
    'plain RSA': '1.2.840.113549.1.1.1',
    'an algorithm nobody knows': '1.2.3.4',
  }
  for (const [what, type] of Object.entries(weak)) {
    it(`by ${what}`, () => assert.equal(isStrong(type, NULL), false))
  }
})

describe('RSASSA-PSS', () => {
  it('counts by the hash in its parameters', () => {
    assert.equal(isStrong(PSS, pssWith(SHA256)), true)
    assert.equal(isStrong(PSS, pssWith(SHA1)), false)
    assert.equal(isStrong(PSS, pssWith('1.2.840.113549.2.5')), false)
  })

  it('means SHA-1 where no hash is given', () => {
    assert.equal(isStrong(PSS), false)
    assert.equal(isStrong(PSS, NULL), false)
    assert.equal(isStrong(PSS, sequence()), false)
    assert.equal(isStrong(PSS, sequence(tlv(0xa2, tlv(TAG.integer, Buffer.of(32))))), false)
  })

  it('with malformed parameters is refused', () => {
    const malformed = [tlv(0xa0, NULL), tlv(0xa0, sequence()), tlv(0xa0, sequence(text(TAG.utf8String, 'sha256')))]
    for (const hash of malformed) assert.throws(() => isStrong(PSS, sequence(hash)), DerError)
  })
})

describe('an algorithm identifier that is malformed', () => {
  it('is refused', () => {
    for (const content of [Buffer.alloc(0), NULL, Buffer.of(6, 1, 0x80)]) {
      assert.throws(() => isStrongSignature(readDer(sequence(content))), DerError)
    }
  })
})
