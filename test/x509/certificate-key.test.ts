import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyPairKeyObjectResult, X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { Certificate } from '../../lib/x509/certificate.ts'
import { type KeyPair, mint, rootAuthority } from '../support/authority.ts'

const root = await rootAuthority('Key Root')

/** The generator of P-256, uncompressed (SEC 2 section 2.4.2). */
const P256_GENERATOR = Buffer.from(
  '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296' +
    '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
  'hex',
)

/** The kit's authority signs with a key of its own, so any key will do. */
async function withKey(keys: Omit<KeyPair, 'kind'>): Promise<Certificate> {
  return new Certificate(new X509Certificate((await mint({ issuer: root, keys: { kind: 'p256', ...keys } })).der))
}

describe('the key of a certificate', () => {
  const weak = {
    'RSA with 1024 bits': ['rsa', { modulusLength: 1024 }],
    'RSA with 2040 bits': ['rsa', { modulusLength: 2040 }],
    'RSA-PSS with 1024 bits': ['rsa-pss', { modulusLength: 1024 }],
    'a DSA key': ['dsa', { modulusLength: 2048, divisorLength: 256 }],
    'a key that only agrees on keys': ['x25519', {}],
    'the curve secp112r1, of 56 bits of strength': ['ec', { namedCurve: 'secp112r1' }],
    'the curve P-192, of 96 bits of strength': ['ec', { namedCurve: 'prime192v1' }],
  } as const
  for (const [what, [type, options]] of Object.entries(weak)) {
    it(`is too weak to vouch for anything: ${what}`, async () => {
      assert.equal((await withKey(generated(type, options))).strongKey, undefined)
    })
  }

  it('is too weak to vouch for anything: a curve spelt out with a generator of the attacker’s (CVE-2020-0601)', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1', paramEncoding: 'explicit' })
    const spki = publicKey.export({ type: 'spki', format: 'der' })
    const generator = spki.indexOf(P256_GENERATOR)
    assert.notEqual(generator, -1)
    // The public key is the generator itself: its private key is 1, whatever the real one is.
    spki.subarray(-P256_GENERATOR.length).copy(spki, generator)
    const forged = createPublicKey({ key: spki, type: 'spki', format: 'der' })
    assert.equal((await withKey({ privateKey, publicKey: forged })).strongKey, undefined)
  })

  it('is too long to be checked: RSA with more than 8192 bits', async () => {
    const rsaOf = (bits: number) => {
      const modulus = Buffer.alloc(bits / 8, 0xff).toString('base64url')
      return createPublicKey({ key: { kty: 'RSA', n: modulus, e: 'AQAB' }, format: 'jwk' })
    }
    const { privateKey } = generated('ed25519', {})
    assert.equal((await withKey({ privateKey, publicKey: rsaOf(8200) })).strongKey, undefined)
    assert.notEqual((await withKey({ privateKey, publicKey: rsaOf(8192) })).strongKey, undefined)
  })

  const strong = {
    'RSA with 2048 bits': ['rsa', { modulusLength: 2048 }],
    'P-256': ['ec', { namedCurve: 'prime256v1' }],
    'P-384': ['ec', { namedCurve: 'secp384r1' }],
    'P-521': ['ec', { namedCurve: 'secp521r1' }],
    Ed25519: ['ed25519', {}],
    Ed448: ['ed448', {}],
  } as const
  for (const [what, [type, options]] of Object.entries(strong)) {
    it(`is strong enough: ${what}`, async () => {
      assert.notEqual((await withKey(generated(type, options))).strongKey, undefined)
    })
  }
})

/** Any key that node:crypto makes. */
function generated(type: string, options: object): KeyPairKeyObjectResult {
  const generate = generateKeyPairSync as unknown as (type: string, options: object) => KeyPairKeyObjectResult
  return generate(type, options)
}
