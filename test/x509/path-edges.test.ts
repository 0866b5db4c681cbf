import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { verifyPath } from '../../lib/x509/path.ts'
import { type CertificateSpec, type Held, intermediateOf, leafOf, mint, rootAuthority } from '../support/authority.ts'
import { distinguishedName, sequence, text, tlv } from './encode.ts'
import { ask, chainWith, crossSigned, HOST, linesOf, reasonOf, trustOf, x509Of } from './question.ts'
import { signatureChecksOf } from './signature-checks.ts'

const HOUR_MS = 3_600_000
const start = Math.floor(Date.now() / 1000) * 1000
const at = (hours: number) => new Date(start + hours * HOUR_MS)

const root = await rootAuthority('Root')
const otherRoot = await rootAuthority('Other Root')
const issuing = await intermediateOf(root, 'Issuing')
const leaf = await leafOf(issuing, [HOST])

describe('a certificate whose issuer has its own name', () => {
  const successor = (options: CertificateSpec = {}) => rootAuthority('Root', { issuer: root, ...options })

  it('does not count against a path length, unless it is the leaf, which never counts', async () => {
    const short = await rootAuthority('Short', { pathLength: 0 })
    const renewed = await rootAuthority('Short', { issuer: short })
    const own = await leafOf(renewed, [HOST])
    assert.deepEqual(linesOf(ask([own, renewed], { anchors: [short] })), ['a.test < Short < Short'])
    const below = await intermediateOf(renewed, 'Below')
    assert.match(
      reasonOf(ask([await leafOf(below, [HOST]), below, renewed], { anchors: [short] })),
      /"CN=Short" allows 0 intermediate certificates below it, 1 stand there/,
    )
  })

  it('is exempt from name constraints', async () => {
    const nobody = tlv(0xa4, distinguishedName(['2.5.4.10', text(0x0c, 'Nobody')]))
    const permitted = sequence(tlv(0xa0, sequence(text(0x82, HOST)), sequence(nobody)))
    const constrained = await rootAuthority('Root', {
      extraExtensions: [{ oid: '2.5.29.30', critical: true, der: permitted }],
    })
    const renewed = await rootAuthority('Root', { issuer: constrained })
    const own = await leafOf(renewed, [HOST], { subject: 'O=Nobody' })
    assert.equal(linesOf(ask([own, renewed], { anchors: [constrained] })).length, 1)
    const other = await intermediateOf(constrained, 'Other')
    assert.match(
      reasonOf(ask([await leafOf(other, [HOST], { subject: 'O=Nobody' }), other], { anchors: [constrained] })),
      /"CN=Root" may not speak for a name of "CN=Other" \(name constraints\)/,
    )
  })

  it('is not exempt when it is the leaf', async () => {
    const constrained = await rootAuthority('Root', { nameConstraints: { permitted: ['b.test'] } })
    const own = await leafOf(constrained, [HOST], { subject: 'CN=Root' })
    assert.match(reasonOf(ask([own], { anchors: [constrained] })), /may not speak for a name of "CN=Root"/)
  })

  it('is one step of a path like any other', async () => {
    const own = await leafOf(await successor(), [HOST])
    assert.match(reasonOf(ask([own], { anchors: [root] })), /did not sign/)
  })
})

describe('a CA that constrains names', () => {
  it('refuses a leaf whose names can’t be read, and says so', async () => {
    // A length of two bytes where one would do: OpenSSL reads the name all the same.
    const der = sequence(Buffer.concat([Buffer.of(0x82, 0x81, HOST.length), Buffer.from(HOST)]))
    const own = (issuer: Held) =>
      leafOf(issuer, [], { subject: 'CN=own', extraExtensions: [{ oid: '2.5.29.17', critical: false, der }] })
    assert.equal(linesOf(ask([await own(issuing), issuing], { anchors: [root] })).length, 1)
    const constrained = await intermediateOf(root, 'Constrained', { nameConstraints: { permitted: [HOST] } })
    assert.equal(
      reasonOf(ask([await own(constrained), constrained], { anchors: [root] })),
      '"CN=Constrained" constrains names, and those of "CN=own" cannot be read',
    )
  })
})

describe('a path that was found is complete', () => {
  const completeUntil = (shown: readonly Held[]) =>
    ask([leaf, ...shown], { anchors: [root, otherRoot], now: start }).verified?.completeUntil

  it('for ever, when no certificate of another path begins later', async () => {
    assert.equal(completeUntil([issuing]), Number.POSITIVE_INFINITY)
    const expired = await crossSigned(issuing, otherRoot, { notBefore: at(-3), notAfter: at(-2) })
    assert.equal(completeUntil([expired, issuing]), Number.POSITIVE_INFINITY)
  })

  it('until the first of several begins, in whatever order they came', async () => {
    const soon = await crossSigned(issuing, otherRoot, { notBefore: at(1) })
    const later = await crossSigned(issuing, otherRoot, { notBefore: at(2) })
    assert.equal(completeUntil([issuing, soon, later]), start + HOUR_MS)
    assert.equal(completeUntil([later, soon, issuing]), start + HOUR_MS)
  })
})

describe('why there is no path is told', () => {
  it('to the millisecond where it is a matter of time', async () => {
    const past = await chainWith({ leaf: { notBefore: at(-3), notAfter: at(-2) } })
    const future = await chainWith({ leaf: { notBefore: at(2) } })
    assert.equal(
      reasonOf(ask(past.presented, past)),
      `its certificate is expired since ${new Date(start - 2 * HOUR_MS + 999).toISOString()}`,
    )
    assert.equal(reasonOf(ask(future.presented, future)), `its certificate is not valid before ${at(2).toISOString()}`)
  })

  it('when the key of the leaf is too weak', async () => {
    const { generateKeyPairSync } = await import('node:crypto')
    const keys = { kind: 'p256' as const, ...generateKeyPairSync('rsa', { modulusLength: 1024 }) }
    const own = await mint({ issuer: root, names: [HOST], ca: false, keys })
    assert.equal(reasonOf(ask([own], { anchors: [root] })), 'its key cannot be decoded, or is too weak')
  })

  it('when CAs that nobody trusts signed each other', async () => {
    const [a, b] = [await rootAuthority('A'), await rootAuthority('B')]
    const circle = [await crossSigned(a, b), await crossSigned(b, a)]
    assert.equal(reasonOf(ask([await leafOf(a, [HOST]), ...circle], { anchors: [root] })), 'no issuer was found')
  })

  it('by the first of several that are as telling', async () => {
    const [early, late] = [
      await crossSigned(issuing, root, { notBefore: at(-5), notAfter: at(-4) }),
      await crossSigned(issuing, root, { notBefore: at(-5), notAfter: at(-3) }),
    ]
    const since = (hours: number) => `"CN=Issuing" is expired since ${new Date(Number(at(hours)) + 999).toISOString()}`
    assert.equal(reasonOf(ask([leaf, early, late], { anchors: [root] })), since(-4))
    assert.equal(reasonOf(ask([leaf, late, early], { anchors: [root] })), since(-3))
  })

  it('with nothing to show where nothing was shown, or nothing that can be read', () => {
    const unreadable = Buffer.from(leaf.der)
    unreadable.writeUInt8(0x31, unreadable.indexOf(Buffer.from('0603551d13', 'hex')) + 10)
    for (const shown of [[], [new X509Certificate(unreadable)]]) {
      const result = verifyPath(shown, { host: HOST, trust: trustOf([root]), now: start })
      assert.ok(result.verified === undefined)
      assert.deepEqual(result.presented, [])
    }
  })

  it('when the issuer of a trusted CA is unknown: only what was looked for is missing', async () => {
    const own = await leafOf(issuing, [HOST], { signWith: otherRoot })
    assert.equal(reasonOf(ask([own], { anchors: [issuing] })), '"CN=Issuing" did not sign "CN=a.test"')
  })
})

describe('a signature', () => {
  const verify = X509Certificate.prototype.verify
  /** Node's verification, which throws for the certificates of one subject; and how often it was asked. */
  const asked = (subject: string, run: () => void): number => {
    let calls = 0
    X509Certificate.prototype.verify = function throwing(this: X509Certificate, key) {
      calls += 1
      if (this.subject === subject) throw new Error('out of memory')
      return verify.call(this, key)
    }
    try {
      run()
    } finally {
      X509Certificate.prototype.verify = verify
    }
    return calls
  }

  it('is checked once, however many paths lead over it, and one whose check throws is none', async () => {
    const rootByOther = await crossSigned(root, otherRoot)
    const renewed = await crossSigned(issuing, root)
    const shown = [leaf, issuing, renewed, rootByOther]
    const found = () => linesOf(ask(shown, { anchors: [otherRoot] }))
    let lines: string[] = []
    const look = () => {
      lines = found()
    }
    assert.deepEqual([signatureChecksOf(look), lines.length], [5, 2])
    assert.deepEqual([asked('CN=Root', look), lines.length], [5, 0])
  })
})

describe('certificates above the leaf', () => {
  it('that can’t be read are passed over', async () => {
    const unreadable = Buffer.from((await intermediateOf(root, 'Unreadable')).der)
    unreadable.writeUInt8(0x31, unreadable.indexOf(Buffer.from('0603551d13', 'hex')) + 13)
    const shown = x509Of([leaf, issuing])
    shown.splice(1, 0, new X509Certificate(unreadable))
    const result = verifyPath(shown, { host: HOST, trust: trustOf([root]), now: start })
    assert.deepEqual(linesOf(result), ['a.test < Issuing < Root'])
  })

  it('count once, however often they were sent', () => {
    const shown = [leaf, issuing, issuing, leaf, root, issuing]
    assert.deepEqual(linesOf(ask(shown, { anchors: [root] })), ['a.test < Issuing < Root'])
    const { presented } = ask(shown, { anchors: [otherRoot] }) as { presented: readonly unknown[] }
    assert.equal(presented.length, 3)
  })
})
