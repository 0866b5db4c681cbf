import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { Certificate, sameName } from '../../lib/x509/certificate.ts'
import { DerError, DerReader, readDer, TAG } from '../../lib/x509/der.ts'
import { type Held, leafOf, mint, rootAuthority } from '../support/authority.ts'
import { boolean, objectIdentifier, sequence, text, tlv } from './encode.ts'

const root = await rootAuthority('Edges Root')
const leaf = await leafOf(root, ['a.test'])

/** The fields of a certificate's body, in their order. */
function fieldsOf({ der }: Held): Buffer[] {
  const [body] = [...new DerReader(readDer(der).content).rest()]
  return [...new DerReader(body?.content ?? Buffer.alloc(0)).rest()].map(({ whole }) => whole)
}

/** A certificate of these fields, under a signature that is none. */
function assembled(fields: readonly Buffer[]): Certificate {
  const der = sequence(sequence(...fields), algorithm, tlv(TAG.bitString, Buffer.of(0, 1)))
  return new Certificate(new X509Certificate(der))
}

const NOTHING = Buffer.alloc(0)
const [version = NOTHING, serial = NOTHING, ...rest] = fieldsOf(leaf)
const withoutExtensions = rest.slice(0, -1)
const [algorithm = NOTHING, , , , , extensions = NOTHING] = rest

describe('the version of a certificate', () => {
  const versionOf = (number: number) => tlv(0xa0, tlv(TAG.integer, Buffer.of(number)))

  it('is the one that it states, and 1 where it states none', () => {
    assert.equal(assembled([serial, ...withoutExtensions]).version, 1)
    assert.equal(assembled([versionOf(1), serial, ...withoutExtensions]).version, 2)
    assert.equal(assembled([version, serial, ...withoutExtensions]).version, 3)
  })

  it('must be 3 where there are extensions', () => {
    assert.equal(assembled([version, serial, ...withoutExtensions, extensions]).version, 3)
    for (const first of [[], [versionOf(1)], [versionOf(3)]]) {
      assert.throws(() => assembled([...first, serial, ...withoutExtensions, extensions]), {
        name: 'DerError',
        message: 'extensions in a certificate that is not version 3',
      })
    }
  })
})

describe('the fields of a certificate that nobody uses any more', () => {
  const issuerId = tlv(0x81, Buffer.of(0, 1))
  const subjectId = tlv(0x82, Buffer.of(0, 2))

  it('may stand in their places', () => {
    for (const ids of [[issuerId], [subjectId], [issuerId, subjectId]]) {
      assert.equal(assembled([version, serial, ...withoutExtensions, ...ids, extensions]).names?.length, 2)
    }
  })
})

describe('the reader of a certificate is strict by itself, whatever node:crypto lets pass', () => {
  /** What the reader makes of bytes that node:crypto never saw. */
  const read = (der: Buffer) =>
    new Certificate(Object.defineProperty(new X509Certificate(leaf.der), 'raw', { value: der }))
  const signature = tlv(TAG.bitString, Buffer.of(0, 1))
  const more = tlv(TAG.integer, Buffer.of(1))
  const withBody = (...fields: readonly Buffer[]) => sequence(sequence(...fields), algorithm, signature)
  const withExtension = (...fields: readonly Buffer[]) =>
    withBody(version, serial, ...withoutExtensions, tlv(0xa3, sequence(sequence(...fields))))
  const [issuer = NOTHING, validity = NOTHING, ...subjectAndKey] = withoutExtensions.slice(1)
  const extension = [objectIdentifier('1.2.3.4'), boolean(false), tlv(TAG.octetString)]

  it('reads what is whole', () => {
    assert.equal(
      read(withBody(version, serial, ...rest)).keyHash,
      new Certificate(new X509Certificate(leaf.der)).keyHash,
    )
    assert.equal(read(withExtension(...extension)).unknownCritical, undefined)
  })

  const longer = {
    'the certificate': sequence(sequence(version, serial, ...rest), algorithm, signature, more),
    'its body': withBody(version, serial, ...rest, more),
    'its validity': withBody(
      version,
      serial,
      algorithm,
      issuer,
      sequence(readDer(validity).content, text(TAG.utcTime, '300101000000Z')),
      ...subjectAndKey,
      extensions,
    ),
    'an extension': withExtension(...extension, more),
  }
  for (const [what, der] of Object.entries(longer)) {
    it(`refuses ${what} with a field too many`, () => assert.throws(() => read(der), DerError))
  }

  it('says that an extension appears twice', () => {
    const twice = sequence(sequence(...extension), sequence(...extension))
    const der = withBody(version, serial, ...withoutExtensions, tlv(0xa3, twice))
    assert.throws(() => read(der), { name: 'DerError', message: 'an extension that appears twice' })
  })
})

describe('the names of a certificate', () => {
  it('are read once', () => {
    const certificate = new Certificate(new X509Certificate(leaf.der))
    assert.equal(certificate.names, certificate.names)
  })

  it('are its alternative names alone when it has no subject', async () => {
    const { der } = await leafOf(root, ['b.test'], { subject: '' })
    assert.deepEqual(new Certificate(new X509Certificate(der)).names, [{ form: 'dns', value: 'b.test' }])
  })

  it('may begin or end with a digit and are no address for it', async () => {
    const names = ['1a.test', '10.test', 'a.test1', 'a.b2']
    const { der } = await leafOf(root, names)
    for (const name of names) assert.equal(new Certificate(new X509Certificate(der)).covers(name), true, name)
  })
})

describe('the title of a certificate', () => {
  const titleOf = async (subject: string) => new Certificate(new X509Certificate((await mint({ subject })).der)).title

  it('is whole up to 200 characters, and cut after them', async () => {
    assert.equal(await titleOf(`CN=${'a'.repeat(197)}`), `CN=${'a'.repeat(197)}`)
    assert.equal(await titleOf(`CN=${'a'.repeat(198)}`), `CN=${'a'.repeat(197)}…`)
  })

  it('is one line, cut or not: a line end in it could forge a line of a log', async () => {
    assert.equal(await titleOf('O=Partner, CN=Issuing CA'), 'CN=Issuing CA, O=Partner')
    const long = await titleOf(`O=${'o'.repeat(150)}, CN=${'c'.repeat(150)}`)
    assert.equal(long, `CN=${'c'.repeat(200 - 153 - 3)}, O=${'o'.repeat(150)}…`)
  })
})

describe('two names are the same', () => {
  it('when every part is, and neither has more', () => {
    assert.equal(sameName([], []), true)
    assert.equal(sameName(['a', 'b'], ['a', 'b']), true)
    for (const other of [[], ['a'], ['b'], ['a', 'c'], ['c', 'b'], ['b', 'a'], ['a', 'b', 'c']]) {
      assert.equal(sameName(['a', 'b'], other), false)
      assert.equal(sameName(other, ['a', 'b']), false)
    }
  })
})

describe('the key of a certificate vouches for it', () => {
  /** The kit's authority signs with a key of its own, so any key will do. */
  const withKey = async (publicKey: KeyObject) => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const { der } = await mint({ issuer: root, keys: { kind: 'p256', privateKey, publicKey } })
    return new Certificate(new X509Certificate(der)).strongKey
  }
  const rsaOf = (bits: number) => {
    const modulus = Buffer.alloc(Math.ceil(bits / 8), 0xff)
    modulus.writeUInt8(0xff >> (modulus.length * 8 - bits), 0)
    return createPublicKey({ key: { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' }, format: 'jwk' })
  }
  const generated = generateKeyPairSync as unknown as (type: string, options?: object) => { publicKey: KeyObject }

  it('from 2048 bits of RSA to 8192, and not with one bit less or more', async () => {
    const vouches = [2047, 2048, 8192, 8193].map(async (bits) => (await withKey(rsaOf(bits))) !== undefined)
    assert.deepEqual(await Promise.all(vouches), [false, true, true, false])
  })

  for (const namedCurve of ['brainpoolP256r1', 'brainpoolP384r1', 'brainpoolP512r1']) {
    it(`on the curve ${namedCurve}`, async () => {
      assert.notEqual(await withKey(generated('ec', { namedCurve }).publicKey), undefined)
    })
  }

  for (const namedCurve of ['brainpoolP224r1', 'secp256k1']) {
    it(`not on the curve ${namedCurve}`, async () => {
      assert.equal(await withKey(generated('ec', { namedCurve }).publicKey), undefined)
    })
  }

  for (const type of ['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87']) {
    const skip = Number(process.versions.node.split('.')[0]) < 24 && 'Node 22 knows no ML-DSA'
    it(`by ${type}`, { skip }, async () => {
      assert.notEqual(await withKey(generated(type).publicKey), undefined)
    })
  }
})
