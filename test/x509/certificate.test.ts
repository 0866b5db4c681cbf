import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { Certificate } from '../../lib/x509/certificate.ts'
import { DerError, TAG } from '../../lib/x509/der.ts'
import {
  type CertificateSpec,
  CLIENT_AUTHENTICATION,
  type Held,
  KeyUsageFlags,
  leafOf,
  mint,
  rootAuthority,
  SERVER_AUTHENTICATION,
} from '../support/authority.ts'
import type { RawExtension } from '../support/certificate-extensions.ts'
import { ATTRIBUTE, boolean, distinguishedName, sequence, text, tlv } from './encode.ts'

const root = await rootAuthority('Certificate Root')

const read = (held: Held): Certificate => new Certificate(new X509Certificate(held.der))
const minted = async (spec: CertificateSpec): Promise<Certificate> => read(await mint({ issuer: root, ...spec }))
const withExtension = (...extraExtensions: readonly RawExtension[]) => minted({ keyUsage: 'none', extraExtensions })

const integer = (...content: readonly number[]) => tlv(TAG.integer, Buffer.from(content))
const basicConstraints = (der: Buffer): RawExtension => ({ oid: '2.5.29.19', critical: true, der })

/** The certificate with the last appearance of some bytes replaced: the signature breaks, the structure doesn't. */
function rewritten({ der }: Held, from: string, to: string): Certificate {
  const hexadecimal = der.toString('hex')
  const at = hexadecimal.lastIndexOf(from)
  assert.notEqual(at, -1)
  const bytes = Buffer.from(hexadecimal.slice(0, at) + to + hexadecimal.slice(at + from.length), 'hex')
  return new Certificate(new X509Certificate(bytes))
}

describe('a certificate is a CA', () => {
  it('when basicConstraints say so, with the path length that they state', async () => {
    const cases: readonly [Buffer, boolean, number | undefined][] = [
      [sequence(boolean(true)), true, undefined],
      [sequence(boolean(true), integer(0)), true, 0],
      [sequence(boolean(true), integer(0x01, 0x2c)), true, 300],
      [sequence(), false, undefined],
      [sequence(boolean(false)), false, undefined],
      [sequence(integer(3)), false, 3],
    ]
    for (const [der, isCa, pathLength] of cases) {
      const certificate = await withExtension(basicConstraints(der))
      assert.deepEqual([certificate.isCa, certificate.pathLength], [isCa, pathLength])
    }
  })

  it('never without basicConstraints', async () => assert.equal((await withExtension()).isCa, false))

  it('never by an almost true BOOLEAN, a negative path length or more than two fields: such a certificate is not read', async () => {
    const malformed = [
      sequence(tlv(TAG.boolean, Buffer.of(1))),
      sequence(boolean(true), integer(0xff)),
      sequence(boolean(true), integer(0, 0, 1)),
      sequence(boolean(true), integer(0), integer(0)),
      sequence(integer(0), boolean(true)),
      Buffer.concat([sequence(boolean(true)), Buffer.of(0)]),
      tlv(TAG.set),
    ]
    for (const der of malformed) await assert.rejects(withExtension(basicConstraints(der)), DerError)
  })
})

describe('a certificate that is ambiguous is not read', () => {
  it('when an extension appears twice', async () => {
    const usage = { oid: '2.5.29.15', critical: true, der: tlv(TAG.bitString, Buffer.of(2, 4)) }
    await assert.rejects(withExtension(usage, usage), DerError)
  })

  for (const [what, oid] of [
    ['key usage', '2.5.29.15'],
    ['extended key usage', '2.5.29.37'],
    ['name constraints', '2.5.29.30'],
    ['basicConstraints', '2.5.29.19'],
  ] as const) {
    it(`when its ${what} are no DER`, async () => {
      await assert.rejects(withExtension({ oid, critical: true, der: Buffer.of(0x30, 0x80, 0, 0) }), DerError)
    })
  }

  it('but malformed alternative names only refuse it where names are constrained', async () => {
    const certificate = await withExtension({ oid: '2.5.29.17', critical: false, der: Buffer.of(0x30, 5, 0x82, 9) })
    assert.equal(certificate.names, undefined)
    assert.equal(certificate.covers('a.test'), false)
  })
})

describe('the key usages of a certificate', () => {
  it('let it sign certificates when the extension says so or is not there', async () => {
    const { keyCertSign, cRLSign, digitalSignature, decipherOnly } = KeyUsageFlags
    const may = async (keyUsage: 'none' | number) => (await minted({ keyUsage })).maySignCertificates
    assert.deepEqual(
      [await may('none'), await may(keyCertSign), await may(keyCertSign | decipherOnly)],
      [true, true, true],
    )
    assert.deepEqual([await may(cRLSign), await may(digitalSignature), await may(decipherOnly)], [false, false, false])
  })

  it('let it serve TLS when the extension says so, says any, or is not there', async () => {
    const may = async (...extendedKeyUsage: string[]) => (await minted({ extendedKeyUsage })).mayServeTls
    assert.equal(await may(), true)
    assert.equal(await may(SERVER_AUTHENTICATION), true)
    assert.equal(await may(CLIENT_AUTHENTICATION, SERVER_AUTHENTICATION), true)
    assert.equal(await may('2.5.29.37.0'), true)
    assert.equal(await may(CLIENT_AUTHENTICATION), false)
    assert.equal(await may('1.3.6.1.5.5.7.3.10', '1.3.6.1.5.5.7.3.9'), false)
  })

  it('do not let it serve TLS when the list is empty', async () => {
    const certificate = await withExtension({ oid: '2.5.29.37', critical: false, der: sequence() })
    assert.equal(certificate.mayServeTls, false)
  })
})

describe('a critical extension', () => {
  const extension = (oid: string, critical: boolean): RawExtension => ({ oid, critical, der: sequence() })

  it('that is not processed is named, so that the certificate can be refused', async () => {
    assert.equal((await withExtension(extension('1.2.3.4', true))).unknownCritical, '1.2.3.4')
    assert.equal((await withExtension(extension('1.2.3.4', false))).unknownCritical, undefined)
  })

  it('about certificate policies or CRLs may be there', async () => {
    for (const oid of ['2.5.29.32', '2.5.29.33', '2.5.29.36', '2.5.29.54', '2.5.29.31']) {
      assert.equal((await withExtension(extension(oid, true))).unknownCritical, undefined)
    }
  })
})

describe('the signature of a certificate', () => {
  it('is weak when the two statements of its algorithm differ', async () => {
    const held = await leafOf(root, ['a.test'])
    assert.equal(read(held).stronglySigned, true)
    // ecdsa-with-SHA256 becomes ecdsa-with-SHA384 in the outer statement alone.
    assert.equal(rewritten(held, '2a8648ce3d040302', '2a8648ce3d040303').stronglySigned, false)
  })
})

describe('the validity of a certificate', () => {
  const from = Date.parse('2026-01-01T00:00:00Z')
  const to = Date.parse('2026-12-31T23:59:59Z')

  it('holds from its first instant to the end of its last second', async () => {
    const certificate = await minted({ notBefore: new Date(from), notAfter: new Date(to) })
    const valid = [from - 1, from, to, to + 999, to + 1_000].map((now) => certificate.isValidAt(now))
    assert.deepEqual(valid, [false, true, true, true, false])
  })

  it('holds never when it ends before it begins, nor at no time at all', async () => {
    const certificate = await minted({ notBefore: new Date(to), notAfter: new Date(from) })
    assert.equal(
      [from, to, (from + to) / 2, Number.NaN].some((now) => certificate.isValidAt(now)),
      false,
    )
  })
})

describe('a certificate names a host', () => {
  const named = async (...names: string[]) => read(await leafOf(root, names, { subject: 'CN=common.test' }))

  it('when an alternative name is it, in any case of letters', async () => {
    const certificate = await named('api.test', 'Other.TEST')
    assert.deepEqual(
      ['api.test', 'other.test', 'api2.test', 'x.api.test', 'test'].map((host) => certificate.covers(host)),
      [true, true, false, false, false],
    )
  })

  it('when a wildcard stands for exactly its leftmost label', async () => {
    const certificate = await named('*.api.test')
    const covered = ['a.api.test', 'api.test', 'b.a.api.test', 'xapi.test'].map((host) => certificate.covers(host))
    assert.deepEqual(covered, [true, false, false, false])
  })

  it('not when the wildcard is a part of a label, or not the leftmost', async () => {
    const certificate = await named('a*.api.test', '*b.api.test', 'c.*.test', '*.*.test', '*')
    for (const host of ['ab.api.test', 'ac.api.test', 'c.api.test', 'd.api.test', 'localhost']) {
      assert.equal(certificate.covers(host), false, host)
    }
  })

  it('not by its common name, whether or not it has alternative names', async () => {
    assert.equal((await named('api.test')).covers('common.test'), false)
    assert.equal((await minted({ subject: 'CN=common.test' })).covers('common.test'), false)
  })

  it('not when a name goes on after a NUL', async () => {
    const names = sequence(text(0x82, 'api.test\0.evil.test'))
    const certificate = await withExtension({ oid: '2.5.29.17', critical: false, der: names })
    assert.deepEqual([certificate.covers('api.test'), certificate.covers('evil.test')], [false, false])
  })

  it('by address when the address is one, not when it is written as a DNS name', async () => {
    const certificate = await named('127.0.0.1', '::1')
    assert.deepEqual(
      ['127.0.0.1', '::1', '127.0.0.2', '::2'].map((host) => certificate.covers(host)),
      [true, true, false, false],
    )
    const written = await withExtension({ oid: '2.5.29.17', critical: false, der: sequence(text(0x82, '127.0.0.1')) })
    assert.equal(written.covers('127.0.0.1'), false)
    const wildcard = await withExtension({ oid: '2.5.29.17', critical: false, der: sequence(text(0x82, '*.0.0.1')) })
    assert.equal(wildcard.covers('127.0.0.1'), false)
  })

  it('of which name constraints see all, the subject first', async () => {
    const subject = distinguishedName([ATTRIBUTE.commonName, text(TAG.utf8String, 'x')])
    const names = sequence(
      text(0x82, 'API.test'),
      text(0x81, 'a@b.test'),
      tlv(0xa4, subject),
      tlv(0x88, Buffer.of(42, 3)),
    )
    const certificate = await minted({
      subject: 'CN=x',
      extraExtensions: [{ oid: '2.5.29.17', critical: false, der: names }],
    })
    assert.deepEqual(certificate.names, [
      { form: 'directory', value: ['["2.5.4.3=x"]'] },
      { form: 'dns', value: 'api.test' },
      { form: 'email', value: 'a@b.test' },
      { form: 'directory', value: ['["2.5.4.3=x"]'] },
      { form: 'other', tag: 0x88 },
    ])
  })
})

describe('a certificate tells people', () => {
  it('its subject on one line, the narrowest part first', async () => {
    assert.equal((await minted({ subject: 'C=CH, O=Partner, CN=Issuing CA' })).title, 'CN=Issuing CA, O=Partner, C=CH')
  })

  it('that it has none', async () => {
    assert.equal((await minted({ subject: '' })).title, '(no subject)')
  })

  it('whether it is self-issued', async () => {
    assert.equal(read(root).isSelfIssued, true)
    assert.equal((await minted({ subject: root.subject })).isSelfIssued, true)
    assert.equal((await minted({ subject: 'CN=other' })).isSelfIssued, false)
  })
})
