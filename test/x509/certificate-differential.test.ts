import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { rootCertificates } from 'node:tls'
import {
  type CertificateSpec,
  CLIENT_AUTHENTICATION,
  type KeyKind,
  KeyUsageFlags,
  keptKeys,
  mint,
  rootAuthority,
  SERVER_AUTHENTICATION,
} from '../support/authority.ts'
import { type Reading, readingByUs } from './reading.ts'
import { readingByOpenssl } from './reading-openssl.ts'
import { readingByPeculiar } from './reading-peculiar.ts'
import { absent, currentChains, type RealChain, renewedChains } from './real-chains.ts'

const root = await rootAuthority('Differential Root')

const KINDS: readonly KeyKind[] = ['p256', 'p384', 'p521', 'rsa2048', 'rsa3072', 'rsa4096', 'rsa-pss', 'ed25519']

const SHAPES: Record<string, CertificateSpec> = {
  'a root': { ca: true },
  'an intermediate': { ca: true, issuer: root },
  'a leaf': {
    issuer: root,
    ca: false,
    names: ['a.test', '*.b.test', 'C.Test'],
    extendedKeyUsage: [SERVER_AUTHENTICATION],
  },
  'a leaf with addresses': { issuer: root, names: ['a.test', '127.0.0.1', '2001:db8::1'] },
  'path length 0': { ca: true, issuer: root, pathLength: 0 },
  'path length 7': { ca: true, issuer: root, pathLength: 7 },
  'path length 300': { ca: true, issuer: root, pathLength: 300 },
  'no basicConstraints': { issuer: root, names: ['a.test'] },
  'no key usage': { ca: true, issuer: root, keyUsage: 'none' },
  'a CA that may not sign': { ca: true, issuer: root, keyUsage: KeyUsageFlags.cRLSign },
  'a leaf that may sign': { issuer: root, keyUsage: KeyUsageFlags.keyCertSign },
  'every key usage': { ca: true, issuer: root, keyUsage: 0x1ff },
  'decipher only, the ninth bit': { issuer: root, keyUsage: KeyUsageFlags.decipherOnly },
  'a client certificate': { issuer: root, extendedKeyUsage: [CLIENT_AUTHENTICATION] },
  'a client and server certificate': { issuer: root, extendedKeyUsage: [CLIENT_AUTHENTICATION, SERVER_AUTHENTICATION] },
  'any extended key usage': { issuer: root, extendedKeyUsage: ['2.5.29.37.0'] },
  'an unknown extended key usage': { issuer: root, extendedKeyUsage: ['1.3.6.1.4.1.99999.1'] },
  'permitted names': { ca: true, issuer: root, nameConstraints: { permitted: ['A.test', 'b.test'] } },
  'excluded names': { ca: true, issuer: root, nameConstraints: { excluded: ['a.test', '.b.test'] } },
  'constrained addresses': {
    ca: true,
    issuer: root,
    nameConstraints: { permitted: ['10.0.0.0/8', '2001:db8::/32'], excluded: ['10.1.0.0/16'] },
  },
  'no key ids': { ca: true, issuer: root, subjectKeyId: 'none', authorityKeyId: 'none' },
  'an unknown critical extension': {
    issuer: root,
    extraExtensions: [{ oid: '1.2.3.4', critical: true, der: Buffer.of(5, 0) }],
  },
  'version 1': { issuer: root, version1: true },
  'a long subject': { subject: 'C=CH, ST=Zürich, L=Zürich, O=Käse & Söhne AG, OU=Überwachung, CN=Größe 日本' },
  'several values in one relative name': { subject: 'C=CH, CN=a+O=b' },
  'an issuer that lies': { issuer: root, issuerName: 'C=CH, O=Somebody Else' },
  'times beyond 2049': { notBefore: new Date('2049-12-31T23:59:59Z'), notAfter: new Date('2050-01-01T00:00:00Z') },
  'times before 1970': { notBefore: new Date('1950-01-01T00:00:00Z'), notAfter: new Date('1969-12-31T23:59:59Z') },
  'a wide span': { notBefore: new Date('1999-12-31T23:59:59Z'), notAfter: new Date('9999-12-31T23:59:59Z') },
}

/** Processes of openssl at once. */
const AT_ONCE = 4

async function assertSameReading(pem: string, what: string): Promise<Reading> {
  const { raw } = new X509Certificate(pem)
  const ours = readingByUs(raw)
  assert.deepEqual(ours, readingByPeculiar(raw), `${what}: @peculiar/x509 reads it otherwise`)
  assert.deepEqual(ours, await readingByOpenssl(pem), `${what}: openssl reads it otherwise`)
  return ours
}

async function assertSameReadings(pems: Iterable<string>): Promise<void> {
  const waiting = [...pems]
  const work = async () => {
    for (let pem = waiting.pop(); pem !== undefined; pem = waiting.pop()) {
      await assertSameReading(pem, new X509Certificate(pem).subject)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

const distinct = (chains: readonly RealChain[]) => new Set(chains.flatMap(({ pems }) => pems))

describe('a certificate means to us what it means to openssl and to @peculiar/x509', () => {
  for (const kind of KINDS) {
    it(`with a key of kind ${kind}`, async () => {
      const held = await mint({ subject: `CN=${kind}`, issuer: root, keys: await keptKeys(kind) })
      const { keyHash } = await assertSameReading(held.certificate, kind)
      assert.equal(`sha256/${keyHash}`, held.pin)
    })
  }

  for (const [what, spec] of Object.entries(SHAPES)) {
    it(`with ${what}`, async () => {
      await assertSameReading((await mint(spec)).certificate, what)
    })
  }

  it('in every root that Node ships', () => assertSameReadings(rootCertificates))

  const currentAbsent = absent('chains/current')
  it('in every certificate that large hosts serve today', { skip: currentAbsent }, async (test) => {
    const pems = distinct(currentChains())
    await assertSameReadings(pems)
    test.diagnostic(`${pems.size} certificates of ${currentChains().length} chains`)
  })

  const renewedAbsent = absent('chains/rotation')
  it('in every certificate that large hosts served over two years', { skip: renewedAbsent }, async (test) => {
    const pems = distinct(renewedChains())
    await assertSameReadings(pems)
    test.diagnostic(`${pems.size} certificates of ${renewedChains().length} chains`)
  })
  for (const reason of [currentAbsent, renewedAbsent]) if (reason) console.error(reason)
})
