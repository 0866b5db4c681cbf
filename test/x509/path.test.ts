import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { verifyPath } from '../../lib/x509/path.ts'
import { TrustSet } from '../../lib/x509/trust-set.ts'
import {
  type CertificateSpec,
  CLIENT_AUTHENTICATION,
  type Held,
  intermediateOf,
  KeyUsageFlags,
  keptKeys,
  leafOf,
  mint,
  rootAuthority,
  withBrokenSignature,
} from '../support/authority.ts'
import { ATTRIBUTE, distinguishedName, sequence, text, tlv, universalString } from './encode.ts'
import { ask, HOST, linesOf, reasonOf, trustOf, x509Of } from './question.ts'

const DAY_MS = 86_400_000
const LONG_AGO = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') }
const LATER = { notBefore: new Date(Date.now() + DAY_MS), notAfter: new Date(Date.now() + 2 * DAY_MS) }

const root = await rootAuthority('Root')
const stranger = await rootAuthority('Stranger')
const issuing = await intermediateOf(root, 'Issuing')
const leaf = await leafOf(issuing, [HOST])

/** Leaf, issuing CA and root, one of them minted otherwise than usual. */
async function chainWith(change: { leaf?: CertificateSpec; issuing?: CertificateSpec; root?: CertificateSpec }) {
  const rootOf = change.root === undefined ? root : await rootAuthority('Other Root', change.root)
  const issuingOf = await intermediateOf(rootOf, 'Other Issuing', change.issuing)
  return { presented: [await leafOf(issuingOf, [HOST], change.leaf), issuingOf], anchors: [rootOf] }
}

describe('a path is verified', () => {
  const accepted: Record<string, () => Promise<{ presented: readonly Held[]; anchors: readonly Held[] }>> = {
    'over an intermediate, whose root is not sent': async () => ({ presented: [leaf, issuing], anchors: [root] }),
    'when the root is sent as well': async () => ({ presented: [leaf, issuing, root], anchors: [root] }),
    'in any order above the leaf': async () => ({ presented: [leaf, root, stranger, issuing], anchors: [root] }),
    'with strangers and duplicates in between': async () => ({
      presented: [leaf, stranger, leaf, issuing, issuing],
      anchors: [stranger, root],
    }),
    'from a leaf that the root signed itself': async () => ({ presented: [await leafOf(root, [HOST])], anchors: [root] }),
    'to an intermediate that is trusted itself': async () => ({ presented: [leaf], anchors: [issuing] }),
    'of one certificate, when the leaf itself is trusted': async () => {
      const own = await mint({ names: [HOST] })
      return { presented: [own], anchors: [own] }
    },
    'with a leaf that is a CA': () => chainWith({ leaf: { ca: true } }),
    'with a leaf without extended key usage': () => chainWith({ leaf: { extendedKeyUsage: [] } }),
    'with a CA without key usage': () => chainWith({ issuing: { keyUsage: 'none' } }),
    'with a CA for any usage': () => chainWith({ issuing: { extendedKeyUsage: ['2.5.29.37.0'] } }),
    'without any key ids': () => chainWith({
      issuing: { subjectKeyId: 'none', authorityKeyId: 'none' },
      leaf: { subjectKeyId: 'none', authorityKeyId: 'none' },
    }),
    'with the path length used up to its end': () => chainWith({ issuing: { pathLength: 0 }, root: { pathLength: 1 } }),
    'inside the names that its CA is constrained to': () =>
      chainWith({ issuing: { nameConstraints: { permitted: ['a.test'], excluded: ['b.test'] } } }),
    'with RSA, RSASSA-PSS and Ed25519 on the way': async () => {
      const rsa = await rootAuthority('RSA', { keys: await keptKeys('rsa2048') })
      const pss = await intermediateOf(rsa, 'PSS', { keys: await keptKeys('rsa-pss') })
      const edwards = await intermediateOf(pss, 'Edwards', { kind: 'ed25519' })
      return { presented: [await leafOf(edwards, [HOST], { kind: 'p521' }), edwards, pss], anchors: [rsa] }
    },
  }
  for (const [what, make] of Object.entries(accepted)) {
    it(what, async () => {
      const { presented, anchors } = await make()
      assert.equal(linesOf(ask(presented, { anchors })).length, 1)
    })
  }

  it('and says which host, which trust set, and which certificates from when to when', async () => {
    const result = ask([leaf, issuing], { anchors: [root] })
    assert.ok(result.verified)
    assert.deepEqual(linesOf(result), ['a.test < Issuing < Root'])
    assert.deepEqual([result.verified.host, result.verified.trustId], [HOST, trustOf([root]).id])
    const [path] = result.verified.paths
    assert.deepEqual(path?.certificates.map(({ keyHash }) => `sha256/${keyHash}`), [leaf.pin, issuing.pin, root.pin])
    const certificates = x509Of([leaf, issuing, root])
    assert.equal(path?.validFrom, Math.max(...certificates.map(({ validFromDate }) => Number(validFromDate))))
    assert.equal(path?.validUntil, Math.min(...certificates.map(({ validToDate }) => Number(validToDate) + 999)))
  })

  it('and nobody can change it afterwards', () => {
    const { verified } = ask([leaf, issuing], { anchors: [root] })
    assert.ok(verified)
    for (const frozen of [verified, verified.paths, verified.paths[0], verified.paths[0]?.certificates]) {
      assert.equal(Object.isFrozen(frozen), true)
    }
  })

  it('up to the last millisecond of the second in which it ends, and not before its first', async () => {
    const to = Math.floor(Date.now() / 1000) * 1000
    const from = to - DAY_MS
    const early = { notBefore: new Date(from - DAY_MS) }
    const { presented, anchors } = await chainWith({
      root: early,
      issuing: early,
      leaf: { notBefore: new Date(from), notAfter: new Date(to) },
    })
    const at = (now: number) => ask(presented, { anchors, now }).verified !== undefined
    assert.deepEqual([from - 1, from, to, to + 999, to + 1_000].map(at), [false, true, true, true, false])
  })
})

describe('a path is refused', () => {
  const refused: Record<string, [make: () => Promise<{ presented: readonly Held[]; anchors: readonly Held[] }>, reason: RegExp]> = {
    'when nothing was shown': [async () => ({ presented: [], anchors: [root] }), /showed no certificate/],
    'when the root is not trusted': [async () => ({ presented: [leaf, issuing, root], anchors: [stranger] }), /no issuer of "CN=Root"/],
    'when nothing is trusted': [async () => ({ presented: [leaf, issuing, root], anchors: [] }), /no issuer of "CN=Root"/],
    'when the intermediate was not sent': [async () => ({ presented: [leaf], anchors: [root] }), /no issuer of "CN=a.test"/],
    'when the leaf does not come first': [async () => ({ presented: [issuing, leaf], anchors: [root] }), /does not name "a.test"/],
    'when the leaf signed itself and is not trusted': [async () => ({ presented: [await mint({ names: [HOST] })], anchors: [root] }), /no issuer|is not a CA/],
    'when a signature is broken': [async () => ({ presented: [withBrokenSignature(leaf), issuing], anchors: [root] }), /"CN=Issuing" did not sign "CN=a.test"/],
    'when another key signed': [() => chainWith({ leaf: { signWith: stranger } }), /did not sign "CN=a.test"/],
    'when the intermediate was signed by another key': [() => chainWith({ issuing: { signWith: stranger } }), /did not sign "CN=Other Issuing"/],
    'when a signature is over SHA-1': [() => chainWith({ leaf: { hash: 'SHA-1' } }), /did not sign/],
    'when the leaf is of another name': [() => chainWith({ leaf: { names: ['b.test'] } }), /does not name "a.test"/],
    'when the leaf has expired': [() => chainWith({ leaf: LONG_AGO }), /its certificate is expired since 2021-01-01/],
    'when the leaf is not valid yet': [() => chainWith({ leaf: LATER }), /its certificate is not valid before/],
    'when the intermediate has expired': [() => chainWith({ issuing: LONG_AGO }), /"CN=Other Issuing" is expired/],
    'when the root has expired': [() => chainWith({ root: LONG_AGO }), /"CN=Other Root" is expired/],
    'when the root is not valid yet': [() => chainWith({ root: LATER }), /"CN=Other Root" is not valid before/],
    'when a signer lacks the CA bit': [() => chainWith({ issuing: { ca: false, keyUsage: KeyUsageFlags.keyCertSign } }), /"CN=Other Issuing" is not a CA/],
    'when the anchor lacks the CA bit': [() => chainWith({ root: { ca: false, keyUsage: KeyUsageFlags.keyCertSign } }), /"CN=Other Root" is not a CA/],
    'when a signer may not sign certificates': [() => chainWith({ issuing: { keyUsage: KeyUsageFlags.digitalSignature } }), /may not sign certificates/],
    'when the leaf is for clients': [() => chainWith({ leaf: { extendedKeyUsage: [CLIENT_AUTHENTICATION] } }), /may not be used by a TLS server/],
    'when a CA is for clients': [() => chainWith({ issuing: { extendedKeyUsage: [CLIENT_AUTHENTICATION] } }), /may not issue for TLS servers/],
    'when the root allows no intermediate': [() => chainWith({ root: { pathLength: 0 } }), /allows 0 intermediate certificates below it, 1 stand there/],
    'when the leaf has an unknown critical extension': [() => chainWith({ leaf: critical() }), /unknown critical extension 1.2.3.4/],
    'when a CA has an unknown critical extension': [() => chainWith({ issuing: critical() }), /"CN=Other Issuing" has the unknown critical extension/],
    'when the leaf is of version 1': [() => chainWith({ leaf: { version1: true } }), /its certificate is not X.509 version 3/],
    'when a CA is of version 1': [() => chainWith({ issuing: { version1: true } }), /"CN=Other Issuing" is not X.509 version 3/],
    'when the leaf lies outside its CA’s names': [() => chainWith({ issuing: { nameConstraints: { permitted: ['b.test'] } } }), /may not speak for a name of "CN=a.test"/],
    'when the root excludes the name': [() => chainWith({ root: { nameConstraints: { excluded: ['test'] } } }), /"CN=Other Root" may not speak for a name/],
    'when a wildcard could stand for an excluded name': [() => chainWith({ leaf: { names: [HOST, '*.b.test'] }, issuing: { nameConstraints: { excluded: ['x.b.test'] } } }), /may not speak/],
    'when the AKI names another key': [() => chainWith({ leaf: { authorityKeyId: stranger } }), /did not sign/],
  }
  for (const [what, [make, reason]] of Object.entries(refused)) {
    it(what, async () => {
      const { presented, anchors } = await make()
      assert.match(reasonOf(ask(presented, { anchors })), reason)
    })
  }

  it('when an excluded company is written in a string type that nobody uses', async () => {
    const company = (value: Buffer) => tlv(0xa4, distinguishedName([ATTRIBUTE.organization, value]))
    const constraints = sequence(tlv(0xa1, sequence(company(text(0x0c, 'Evil Ltd')))))
    const constrained = await intermediateOf(root, 'Constrained', { extraExtensions: [{ oid: '2.5.29.30', critical: true, der: constraints }] })
    for (const spelling of [text(0x13, 'EVIL ltd'), universalString('Evil Ltd')]) {
      const names = sequence(text(0x82, HOST), company(spelling))
      const evil = await leafOf(constrained, [], { extraExtensions: [{ oid: '2.5.29.17', critical: false, der: names }] })
      assert.match(reasonOf(ask([evil, constrained], { anchors: [root] })), /may not speak for a name/)
    }
  })

  it('when the leaf can’t be read, although a readable one comes next', () => {
    const unreadable = Buffer.from(leaf.der)
    // The tag of basicConstraints' inner SEQUENCE: node:crypto reads on, our reader does not.
    unreadable.writeUInt8(0x31, unreadable.indexOf(Buffer.from('0603551d13', 'hex')) + 10)
    const shown = [new X509Certificate(unreadable), ...x509Of([leaf, issuing])]
    const result = verifyPath(shown, { host: HOST, trust: new TrustSet([root.certificate]), now: Date.now() })
    assert.match(reasonOf(result), /its certificate cannot be read/)
  })

  it('with what the peer showed as evidence, and no more than that', () => {
    const result = ask([leaf, issuing], { anchors: [stranger] })
    assert.ok(result.verified === undefined)
    assert.deepEqual(result.presented.map(({ keyHash }) => `sha256/${keyHash}`), [leaf.pin, issuing.pin])
  })
})

function critical(): CertificateSpec {
  return { extraExtensions: [{ oid: '1.2.3.4', critical: true, der: tlv(0x05) }] }
}
