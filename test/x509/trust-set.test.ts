import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { rootCertificates } from 'node:tls'
import { Certificate } from '../../lib/x509/certificate.ts'
import { readName } from '../../lib/x509/name.ts'
import { splitPem, TrustSet } from '../../lib/x509/trust-set.ts'
import { type Held, leafOf, rootAuthority } from '../support/authority.ts'
import { ATTRIBUTE, distinguishedName, text } from './encode.ts'

const first = await rootAuthority('First')
const second = await rootAuthority('Second')

const read = (held: Held) => new Certificate(new X509Certificate(held.der))
const nameOf = (commonName: string) => readName(distinguishedName([ATTRIBUTE.commonName, text(0x0c, commonName)]))
const keyHashes = (certificates: readonly Certificate[]) => certificates.map(({ keyHash }) => `sha256/${keyHash}`)

describe('a PEM text', () => {
  it('is split into its certificates, whatever stands between them', () => {
    const bundle = `# First\n${first.certificate}\n\nsubject=CN = Second\r\n${second.certificate.replaceAll('\n', '\r\n')}tail`
    assert.deepEqual(
      splitPem(bundle).map((pem) => new X509Certificate(pem).subject),
      ['CN=First', 'CN=Second'],
    )
  })

  it('may use the older labels', () => {
    for (const label of ['TRUSTED CERTIFICATE', 'X509 CERTIFICATE']) {
      assert.equal(splitPem(first.certificate.replaceAll('CERTIFICATE', label)).length, 1)
    }
  })

  it('holds no certificate where it holds other things', () => {
    const others = [
      '',
      'no PEM',
      first.privateKey,
      '-----BEGIN CERTIFICATE-----',
      '-----BEGIN X509 CRL-----\nAA==\n-----END X509 CRL-----',
    ]
    for (const other of others) assert.deepEqual(splitPem(other), [])
  })

  it('with a block that has no end gives the ones that have', () => {
    const cut = first.certificate.slice(0, 200)
    assert.deepEqual(splitPem(`${cut}\n${second.certificate}`), splitPem(second.certificate))
  })

  it('of a million dashes holds none', () => {
    assert.deepEqual(splitPem('-----BEGIN CERTIFICATE-----'.repeat(40_000)), [])
  })
})

describe('a trust set', () => {
  it('finds its anchors by name, and knows them by every byte', () => {
    const set = new TrustSet([first.certificate, second.certificate])
    assert.deepEqual(keyHashes(set.named(nameOf('first'))), [first.pin])
    assert.deepEqual(set.named(nameOf('third')), [])
    assert.equal(set.has(read(first)), true)
  })

  it('does not take a namesake, nor the same key in another certificate, for an anchor', async () => {
    const set = new TrustSet([first.certificate])
    assert.equal(set.has(read(await rootAuthority('First'))), false)
    assert.equal(set.has(read(await rootAuthority('First', { keys: first }))), false)
  })

  it('keeps every anchor of one name, and each once', async () => {
    const namesake = await rootAuthority('First')
    const renewed = await rootAuthority('First', { keys: first })
    const set = new TrustSet([first.certificate + namesake.certificate, renewed.certificate, first.certificate])
    assert.deepEqual(keyHashes(set.named(nameOf('First'))), [first.pin, namesake.pin, first.pin])
    assert.equal(set.size, 4)
  })

  it('may hold a leaf', async () => {
    const leaf = await leafOf(first, ['a.test'])
    assert.equal(new TrustSet([leaf.certificate]).has(read(leaf)), true)
  })

  it('drops what can’t be read and keeps the rest', () => {
    const unreadable = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'
    const set = new TrustSet([unreadable, 'nothing', second.certificate])
    assert.equal(set.has(read(second)), true)
  })

  it('of nothing trusts nothing', () => {
    assert.equal(new TrustSet([]).has(read(first)), false)
    assert.equal(new TrustSet([]).size, 0)
  })

  it('is the same set as another with the same anchors, however they were ordered and cut into texts', () => {
    const id = new TrustSet([first.certificate, second.certificate]).id
    assert.equal(new TrustSet([`${first.certificate}# and\n${second.certificate}`]).id, id)
    assert.equal(new TrustSet([second.certificate, first.certificate, second.certificate]).id, id)
    assert.notEqual(new TrustSet([first.certificate]).id, id)
    assert.notEqual(new TrustSet([]).id, id)
  })

  it('reads of its certificates only those that are asked for, and none twice', () => {
    const [asked] = rootCertificates
    const { subject } = new Certificate(new X509Certificate(asked ?? ''))
    let reads = 0
    const raw = Object.getOwnPropertyDescriptor(X509Certificate.prototype, 'raw')
    assert.ok(raw?.get)
    const get = raw.get
    Object.defineProperty(X509Certificate.prototype, 'raw', {
      ...raw,
      get(this: X509Certificate) {
        reads += 1
        return get.call(this)
      },
    })
    try {
      const set = new TrustSet([...rootCertificates])
      assert.deepEqual([set.size, set.id.length, reads], [rootCertificates.length, 44, 0])
      set.named(nameOf('First'))
      assert.equal(reads, 0)
      for (const _ of ['once', 'twice']) assert.equal(set.named(subject).length, 1)
      assert.equal(reads, 1)
    } finally {
      Object.defineProperty(X509Certificate.prototype, 'raw', raw)
    }
  })

  it('makes the key of a name once: a search asks for the same one at every step, and it may be long', () => {
    const set = new TrustSet([first.certificate])
    const [name, same] = [nameOf('first'), nameOf('first')]
    set.named(nameOf('first'))
    const { stringify } = JSON
    let calls = 0
    JSON.stringify = (value: unknown) => {
      calls += 1
      return stringify(value)
    }
    try {
      assert.deepEqual(
        [name, name, same, name].map((asked) => set.named(asked).length),
        [1, 1, 1, 1],
      )
      assert.equal(calls, 2)
    } finally {
      JSON.stringify = stringify
    }
  })

  it('may be read ahead in steps of any size: what is not read yet is read when it is asked for', () => {
    const roots = rootCertificates.slice(0, 10)
    for (const size of [1, 3, 10, 1_000]) {
      const set = new TrustSet(roots)
      const steps = [set.readAhead(size)]
      assert.deepEqual(
        roots.map((pem) => set.has(new Certificate(new X509Certificate(pem)))),
        roots.map(() => true),
      )
      assert.equal(set.readAhead(size), false)

      const ahead = new TrustSet(roots)
      while (ahead.readAhead(size)) steps.push(true)
      assert.equal(steps.length, Math.ceil(roots.length / size))
      for (const pem of roots) assert.equal(ahead.named(new Certificate(new X509Certificate(pem)).subject).length, 1)
    }
  })

  it('finds every root that Node ships', () => {
    const set = new TrustSet([...rootCertificates])
    for (const pem of rootCertificates) assert.equal(set.has(new Certificate(new X509Certificate(pem))), true, pem)
  })
})
