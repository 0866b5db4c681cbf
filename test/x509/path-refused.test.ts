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
  leafOf,
  mint,
  rootAuthority,
  withBrokenSignature,
} from '../support/authority.ts'
import { ATTRIBUTE, distinguishedName, sequence, text, tlv, universalString } from './encode.ts'
import { ask, chainWith, HOST, reasonOf, x509Of } from './question.ts'

const DAY_MS = 86_400_000
const LONG_AGO = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') }
const LATER = { notBefore: new Date(Date.now() + DAY_MS), notAfter: new Date(Date.now() + 2 * DAY_MS) }

const root = await rootAuthority('Root')
const stranger = await rootAuthority('Stranger')
const issuing = await intermediateOf(root, 'Issuing')
const leaf = await leafOf(issuing, [HOST])

describe('a path is refused', () => {
  const refused: Record<
    string,
    [make: () => Promise<{ presented: readonly Held[]; anchors: readonly Held[] }>, reason: RegExp]
  > = {
    'when nothing was shown': [async () => ({ presented: [], anchors: [root] }), /showed no certificate/],
    'when the root is not trusted': [
      async () => ({ presented: [leaf, issuing, root], anchors: [stranger] }),
      /its root "CN=Root" is not trusted/,
    ],
    'when nothing is trusted': [
      async () => ({ presented: [leaf, issuing, root], anchors: [] }),
      /its root "CN=Root" is not trusted/,
    ],
    'when the intermediate was not sent': [
      async () => ({ presented: [leaf], anchors: [root] }),
      /no issuer of "CN=a.test"/,
    ],
    'when the leaf does not come first': [
      async () => ({ presented: [issuing, leaf], anchors: [root] }),
      /does not name "a.test"/,
    ],
    'when the leaf signed itself and is not trusted': [
      async () => ({ presented: [await mint({ names: [HOST] })], anchors: [root] }),
      /its root "CN=a.test" is not trusted/,
    ],
    'when a signature is broken': [
      async () => ({ presented: [withBrokenSignature(leaf), issuing], anchors: [root] }),
      /"CN=Issuing" did not sign "CN=a.test"/,
    ],
    'when another key signed': [() => chainWith({ leaf: { signWith: stranger } }), /did not sign "CN=a.test"/],
    'when the intermediate was signed by another key': [
      () => chainWith({ issuing: { signWith: stranger } }),
      /did not sign "CN=Other Issuing"/,
    ],
    'when a signature is over SHA-1': [() => chainWith({ leaf: { hash: 'SHA-1' } }), /did not sign/],
    'when the leaf is of another name': [() => chainWith({ leaf: { names: ['b.test'] } }), /does not name "a.test"/],
    'when the leaf has expired': [() => chainWith({ leaf: LONG_AGO }), /its certificate is expired since 2021-01-01/],
    'when the leaf is not valid yet': [() => chainWith({ leaf: LATER }), /its certificate is not valid before/],
    'when the intermediate has expired': [() => chainWith({ issuing: LONG_AGO }), /"CN=Other Issuing" is expired/],
    'when the root has expired': [() => chainWith({ root: LONG_AGO }), /"CN=Other Root" is expired/],
    'when the root is not valid yet': [() => chainWith({ root: LATER }), /"CN=Other Root" is not valid before/],
    'when a signer lacks the CA bit': [
      () => chainWith({ issuing: { ca: false, keyUsage: KeyUsageFlags.keyCertSign } }),
      /"CN=Other Issuing" is not a CA/,
    ],
    'when the anchor lacks the CA bit': [
      () => chainWith({ root: { ca: false, keyUsage: KeyUsageFlags.keyCertSign } }),
      /"CN=Other Root" is not a CA/,
    ],
    'when a signer may not sign certificates': [
      () => chainWith({ issuing: { keyUsage: KeyUsageFlags.digitalSignature } }),
      /may not sign certificates/,
    ],
    'when the leaf is for clients': [
      () => chainWith({ leaf: { extendedKeyUsage: [CLIENT_AUTHENTICATION] } }),
      /may not be used by a TLS server/,
    ],
    'when a CA is for clients': [
      () => chainWith({ issuing: { extendedKeyUsage: [CLIENT_AUTHENTICATION] } }),
      /may not issue for TLS servers/,
    ],
    'when the root allows no intermediate': [
      () => chainWith({ root: { pathLength: 0 } }),
      /allows 0 intermediate certificates below it, 1 stand there/,
    ],
    'when the leaf has an unknown critical extension': [
      () => chainWith({ leaf: critical() }),
      /unknown critical extension 1.2.3.4/,
    ],
    'when a CA has an unknown critical extension': [
      () => chainWith({ issuing: critical() }),
      /"CN=Other Issuing" has the unknown critical extension/,
    ],
    'when the leaf is of version 1': [
      () => chainWith({ leaf: { version1: true } }),
      /its certificate is not X.509 version 3/,
    ],
    'when a CA is of version 1': [
      () => chainWith({ issuing: { version1: true } }),
      /"CN=Other Issuing" is not X.509 version 3/,
    ],
    'when the leaf lies outside its CA’s names': [
      () => chainWith({ issuing: { nameConstraints: { permitted: ['b.test'] } } }),
      /may not speak for a name of "CN=a.test"/,
    ],
    'when the root excludes the name': [
      () => chainWith({ root: { nameConstraints: { excluded: ['test'] } } }),
      /"CN=Other Root" may not speak for a name/,
    ],
    'when a wildcard could stand for an excluded name': [
      () =>
        chainWith({ leaf: { names: [HOST, '*.b.test'] }, issuing: { nameConstraints: { excluded: ['x.b.test'] } } }),
      /may not speak/,
    ],
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
    const constrained = await intermediateOf(root, 'Constrained', {
      extraExtensions: [{ oid: '2.5.29.30', critical: true, der: constraints }],
    })
    for (const spelling of [text(0x13, 'EVIL ltd'), universalString('Evil Ltd')]) {
      const names = sequence(text(0x82, HOST), company(spelling))
      const evil = await leafOf(constrained, [], {
        extraExtensions: [{ oid: '2.5.29.17', critical: false, der: names }],
      })
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
    assert.deepEqual(
      result.presented.map(({ keyHash }) => `sha256/${keyHash}`),
      [leaf.pin, issuing.pin],
    )
  })
})

function critical(): CertificateSpec {
  return { extraExtensions: [{ oid: '1.2.3.4', critical: true, der: tlv(0x05) }] }
}
