import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DerError, readDer, TAG } from '../../lib/x509/der.ts'
import { isStrongKey } from '../../lib/x509/key.ts'
import { objectIdentifier, sequence, tlv } from './encode.ts'

const RSA = '1.2.840.113549.1.1.1'
const RSASSA_PSS = '1.2.840.113549.1.1.10'
const EC = '1.2.840.10045.2.1'
const P256 = objectIdentifier('1.2.840.10045.3.1.7')
const NULL = tlv(0x05)

/** A SubjectPublicKeyInfo of these parts; `unused` bits at the end of the key. */
function info(type: string, parameters: Buffer, key: Buffer, unused = 0): Buffer {
  return sequence(sequence(objectIdentifier(type), parameters), tlv(TAG.bitString, Buffer.of(unused), key))
}

const isStrong = (encoded: Buffer) => isStrongKey(readDer(encoded))
const rsaKey = (modulus: Buffer) => sequence(tlv(TAG.integer, modulus), tlv(TAG.integer, Buffer.of(1, 0, 1)))
const isStrongModulus = (modulus: Buffer, type = RSA) => isStrong(info(type, NULL, rsaKey(modulus)))
const point = (form: number) => Buffer.concat([Buffer.of(form), Buffer.alloc(64, 7)])

/** The greatest modulus of so many bits, as DER writes it. */
function modulusOf(bits: number): Buffer {
  const digits = Buffer.alloc(Math.ceil(bits / 8), 0xff)
  digits.writeUInt8(0xff >> (digits.length * 8 - bits), 0)
  return bits % 8 === 0 ? Buffer.concat([Buffer.of(0), digits]) : digits
}

describe('an RSA key vouches for a link', () => {
  it('from 2048 bits to 8192, for either kind of signature', () => {
    for (const type of [RSA, RSASSA_PSS]) {
      const strong = [1024, 2040, 2047, 2048, 2049, 3072, 8191, 8192, 8193, 8200, 16_384].filter((bits) =>
        isStrongModulus(modulusOf(bits), type),
      )
      assert.deepEqual(strong, [2048, 2049, 3072, 8191, 8192])
    }
  })

  it('by its first bit, wherever in a byte that is', () => {
    for (let bits = 2041; bits <= 2056; bits++) assert.equal(isStrongModulus(modulusOf(bits)), bits >= 2048, `${bits}`)
    const least = Buffer.concat([Buffer.of(0, 0x80), Buffer.alloc(255)])
    assert.equal(isStrongModulus(least), true)
  })

  it('not with a modulus that is negative, nothing, zero, or padded', () => {
    const digits = Buffer.alloc(256, 0xff)
    for (const modulus of [digits, Buffer.of(), Buffer.of(0), Buffer.concat([Buffer.of(0, 0), digits])]) {
      assert.equal(isStrongModulus(modulus), false)
    }
  })

  it('not with an exponent of more than 64 bits: a server could make each check as slow as it likes', () => {
    const withExponent = (exponent: Buffer) =>
      isStrong(info(RSA, NULL, sequence(tlv(TAG.integer, modulusOf(2048)), tlv(TAG.integer, exponent))))
    for (const [bytes, expected] of [
      [1, true],
      [3, true],
      [8, true],
      [9, true],
      [10, false],
      [256, false],
    ] as const) {
      assert.equal(withExponent(Buffer.alloc(bytes, 0x11)), expected, `${bytes} bytes`)
    }
  })

  it('not without an exponent, which is no RSA key', () => {
    const key = sequence(tlv(TAG.integer, modulusOf(2048)))
    assert.throws(() => isStrong(info(RSA, NULL, key)), DerError)
    const other = sequence(tlv(TAG.integer, modulusOf(2048)), tlv(TAG.octetString, Buffer.of(1, 0, 1)))
    assert.throws(() => isStrong(info(RSA, NULL, other)), DerError)
  })

  it('not with a key that is no key, which is not read', () => {
    for (const key of [Buffer.of(), modulusOf(2048), sequence(), tlv(TAG.set, tlv(TAG.integer, modulusOf(2048)))]) {
      assert.throws(() => isStrong(info(RSA, NULL, key)), DerError)
    }
  })
})

describe('an EC key vouches for a link', () => {
  for (const curve of [
    '1.2.840.10045.3.1.7',
    '1.3.132.0.34',
    '1.3.132.0.35',
    '1.3.36.3.3.2.8.1.1.7',
    '1.3.36.3.3.2.8.1.1.11',
    '1.3.36.3.3.2.8.1.1.13',
  ]) {
    it(`on the curve ${curve}`, () => assert.equal(isStrong(info(EC, objectIdentifier(curve), point(4))), true))
  }

  for (const [what, parameters] of Object.entries({
    'the curve P-224': objectIdentifier('1.3.132.0.33'),
    secp256k1: objectIdentifier('1.3.132.0.10'),
    'a curve spelt out': sequence(tlv(TAG.integer, Buffer.of(1))),
    'a curve that is not told': NULL,
  })) {
    it(`not on ${what}`, () => assert.equal(isStrong(info(EC, parameters, point(4))), false))
  }

  it('with a point in one of three forms, and not with one at infinity', () => {
    const forms = [0, 1, 2, 3, 4, 5, 6, 7, 0xff].filter((form) => isStrong(info(EC, P256, point(form))))
    assert.deepEqual(forms, [2, 3, 4])
    assert.equal(isStrong(info(EC, P256, Buffer.of())), false)
    assert.equal(isStrong(info(EC, P256, Buffer.of(0))), false)
  })
})

describe('a key of another kind', () => {
  const none = Buffer.of()

  it('vouches for a link when it is Edwards or ML-DSA', () => {
    const others = ['1.3.101.112', '1.3.101.113', ...[17, 18, 19].map((last) => `2.16.840.1.101.3.4.3.${last}`)]
    for (const type of others) assert.equal(isStrong(info(type, none, Buffer.alloc(32))), true, type)
  })

  it('does not when it only agrees on keys, is DSA, or nobody knows it', () => {
    for (const type of ['1.3.101.110', '1.3.101.111', '1.2.840.10040.4.1', '2.16.840.1.101.3.4.3.20', '1.2.3.4']) {
      assert.equal(isStrong(info(type, none, Buffer.alloc(32))), false, type)
    }
  })
})

describe('a key that is not whole', () => {
  it('is not read: with bits left over, a field too many, or one too few', () => {
    const algorithm = sequence(objectIdentifier('1.3.101.112'))
    const key = tlv(TAG.bitString, Buffer.of(0), Buffer.alloc(32))
    assert.equal(isStrong(sequence(algorithm, key)), true)
    for (const malformed of [sequence(algorithm, key, NULL), sequence(algorithm), sequence(key), sequence()]) {
      assert.throws(() => isStrong(malformed), DerError)
    }
    assert.throws(() => isStrong(info('1.3.101.112', Buffer.of(), Buffer.alloc(32), 1)), {
      name: 'DerError',
      message: 'a BIT STRING that is not whole bytes',
    })
    assert.throws(() => isStrong(sequence(algorithm, tlv(TAG.bitString))), DerError)
  })
})
