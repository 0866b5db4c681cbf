import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import {
  type Held,
  intermediateOf,
  type KeyKind,
  KeyUsageFlags,
  keptKeys,
  leafOf,
  mint,
  rootAuthority,
  withBrokenSignature,
} from './authority.ts'

const root = await rootAuthority('Mint Root')

describe('a minted certificate', () => {
  for (const kind of [
    'p256',
    'p384',
    'p521',
    'rsa2048',
    'rsa3072',
    'rsa4096',
    'rsa-pss',
    'ed25519',
  ] as const satisfies KeyKind[]) {
    it(`of kind ${kind} has the pin that openssl prints, and verifies`, async () => {
      const held = await mint({ subject: `CN=${kind}`, keys: await keptKeys(kind) })
      assert.equal(held.pin, `sha256/${pinByOpenssl(held)}`)
      assert.equal(read(held).verify(held.keys.publicKey), true)
      assert.equal(await keptKeys(kind), held.keys)
    })
  }

  it('chains to its authority, and is for names and addresses alike', async () => {
    const issuing = await intermediateOf(root, 'Issuing', { pathLength: 0 })
    const leaf = await leafOf(issuing, ['mint.test', '127.0.0.1', '::1'])
    assert.equal(read(leaf).checkHost('mint.test'), 'mint.test')
    assert.equal(read(leaf).checkIP('127.0.0.1'), '127.0.0.1')
    assert.match(text(issuing), /CA:TRUE, pathlen:0/)
    assert.ok(issued(issuing, leaf) && issued(root, issuing))
  })

  it('keeps the pin when renewed with the same key', async () => {
    const first = await leafOf(root, ['mint.test'])
    const renewed = await leafOf(root, ['mint.test'], { keys: first })
    assert.equal(renewed.pin, first.pin)
    assert.notDeepEqual(renewed.der, first.der)
  })

  it('can be cross-signed, also mutually: same name and key, two issuers', async () => {
    const other = await rootAuthority('Other Root')
    const rootByOther = await mint({ subject: root.subject, keys: root, ca: true, issuer: other })
    const otherByRoot = await mint({ subject: other.subject, keys: other, ca: true, issuer: root })
    const leaf = await leafOf(root, ['mint.test'])
    assert.ok(issued(root, leaf) && issued(rootByOther, leaf))
    assert.ok(issued(rootByOther, otherByRoot) && issued(otherByRoot, rootByOther))
  })

  it('can lie about names: a fake of another authority passes for its issuer until the signature is checked', async () => {
    const fake = await rootAuthority('Mint Root', { subjectKeyId: root })
    const leaf = await leafOf(root, ['mint.test'])
    assert.equal(read(leaf).checkIssued(read(fake)), true)
    assert.equal(read(leaf).verify(fake.keys.publicKey), false)
    const named = await leafOf(fake, ['mint.test'], { issuerName: 'CN=Somebody, O=Else' })
    assert.equal(read(named).issuer, 'CN=Somebody\nO=Else')
  })

  it('can carry a junk signature, a foreign one or a broken one', async () => {
    const stranger = await rootAuthority('Stranger')
    const foreign = await leafOf(root, ['mint.test'], { signWith: stranger })
    assert.equal(read(foreign).verify(root.keys.publicKey), false)
    const honest = await leafOf(root, ['mint.test'])
    const broken = withBrokenSignature(honest)
    assert.equal(read(broken).verify(root.keys.publicKey), false)
    assert.deepEqual([broken.pin, read(broken).serialNumber], [honest.pin, read(honest).serialNumber])
  })

  it('can be signed with SHA-1, or by RSASSA-PSS with an ordinary RSA key', async () => {
    const rsa = await rootAuthority('RSA Root', { keys: await keptKeys('rsa2048') })
    assert.match(text(await leafOf(rsa, ['mint.test'], { hash: 'SHA-1' })), /sha1WithRSAEncryption/)
    const leaf = await leafOf(rsa, ['mint.test'], { pss: true, hash: 'SHA-384' })
    assert.match(text(leaf), /Signature Algorithm: rsassaPss\s+Hash Algorithm: sha384/)
    assert.equal(read(leaf).verify(rsa.keys.publicKey), true)
  })

  it('can lack or twist every extension', async () => {
    const bare = await mint({ issuer: root, subjectKeyId: 'none', authorityKeyId: 'none', keyUsage: 'none' })
    assert.doesNotMatch(text(bare), /X509v3/)
    const cut = await intermediateOf(root, 'Cut', { ca: false, keyUsage: KeyUsageFlags.cRLSign })
    assert.match(text(cut), /CA:FALSE[\s\S]*Key Usage: critical\n\s+CRL Sign\n/)
    const stranger = await rootAuthority('Stranger')
    const lying = await leafOf(root, ['mint.test'], { authorityKeyId: stranger })
    assert.equal(keyId(lying, 'Authority'), keyId(stranger, 'Subject'))
    const old = await mint({ version1: true, issuer: root, serial: 'ff01' })
    assert.match(text(old), /Version: 1 \(0x0\)/)
    assert.equal(read(old).serialNumber, 'FF01')
    const raw = await mint({ extraExtensions: [{ oid: '1.2.3.4', critical: true, der: Buffer.of(5, 0) }] })
    assert.match(text(raw), /1\.2\.3\.4: critical/)
  })

  it('can constrain names', async () => {
    const constrained = await intermediateOf(root, 'Constrained', {
      nameConstraints: { permitted: ['mint.test', '10.0.0.0/8'], excluded: ['bad.mint.test'] },
    })
    assert.match(
      text(constrained),
      /Permitted:\s+DNS:mint.test\s+IP:10.0.0.0\/255.0.0.0\s+Excluded:\s+DNS:bad.mint.test/,
    )
  })

  it('can be expired, not yet valid, or valid beyond 2049', async () => {
    const expired = await leafOf(root, ['mint.test'], {
      notBefore: new Date('2001-01-01'),
      notAfter: new Date('2002-01-01'),
    })
    assert.equal(read(expired).validToDate.toISOString(), '2002-01-01T00:00:00.000Z')
    const distant = await leafOf(root, ['mint.test'], { notAfter: new Date('2099-01-01') })
    assert.equal(read(distant).validToDate.toISOString(), '2099-01-01T00:00:00.000Z')
  })
})

function read(held: Held): X509Certificate {
  return new X509Certificate(held.der)
}

function issued(issuer: Held, subject: Held): boolean {
  return read(subject).checkIssued(read(issuer)) && read(subject).verify(issuer.keys.publicKey)
}

function text(held: Held): string {
  return execFileSync('openssl', ['x509', '-noout', '-text'], { input: held.certificate }).toString()
}

function keyId(held: Held, whose: 'Authority' | 'Subject'): string | undefined {
  return new RegExp(`${whose} Key Identifier: \\n\\s+([0-9A-F:]+)`).exec(text(held))?.[1]
}

function pinByOpenssl(held: Held): string {
  const publicKey = execFileSync('openssl', ['x509', '-pubkey', '-noout'], { input: held.certificate })
  const der = execFileSync('openssl', ['pkey', '-pubin', '-outform', 'der'], { input: publicKey })
  return execFileSync('openssl', ['dgst', '-sha256', '-binary'], { input: der }).toString('base64')
}
