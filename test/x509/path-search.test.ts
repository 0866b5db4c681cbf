import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Held, intermediateOf, leafOf, rootAuthority } from '../support/authority.ts'
import { ask, crossSigned, HOST, linesOf, reasonOf } from './question.ts'

const LONG_AGO = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') }

const oldRoot = await rootAuthority('Old Root')
const newRoot = await rootAuthority('New Root')
const newByOld = await crossSigned(newRoot, oldRoot)
const issuing = await intermediateOf(newRoot, 'Issuing')
const leaf = await leafOf(issuing, [HOST])

describe('every path is found', () => {
  it('to the root and over its cross-sign, whichever of them is trusted', () => {
    const shown = [leaf, issuing, newByOld]
    const short = 'a.test < Issuing < New Root'
    const long = 'a.test < Issuing < New Root < Old Root'
    assert.deepEqual(linesOf(ask(shown, { anchors: [newRoot] })), [short])
    assert.deepEqual(linesOf(ask(shown, { anchors: [oldRoot] })), [long])
    assert.deepEqual(linesOf(ask(shown, { anchors: [oldRoot, newRoot] })), [short, long])
    assert.deepEqual(linesOf(ask([leaf, newByOld, issuing], { anchors: [newRoot, oldRoot] })), [short, long])
  })

  it('over both cross-signs of an intermediate: a pin may be on either side', async () => {
    const issuingByOld = await crossSigned(issuing, oldRoot)
    assert.deepEqual(linesOf(ask([leaf, issuing, issuingByOld], { anchors: [oldRoot, newRoot] })), [
      'a.test < Issuing < New Root',
      'a.test < Issuing < Old Root',
    ])
  })

  it('through anchors that are cross-signed by anchors', () => {
    assert.deepEqual(linesOf(ask([leaf, issuing], { anchors: [newByOld, oldRoot] })), [
      'a.test < Issuing < New Root',
      'a.test < Issuing < New Root < Old Root',
    ])
  })

  it('over both generations of a CA that renewed its certificate but kept its key', async () => {
    const renewed = await crossSigned(issuing, newRoot)
    const found = ask([leaf, issuing, renewed], { anchors: [newRoot] })
    assert.deepEqual(linesOf(found), ['a.test < Issuing < New Root', 'a.test < Issuing < New Root'])
  })

  it('and the leaf is never anything but the first certificate shown', async () => {
    const other = await leafOf(newRoot, [HOST], { subject: 'CN=second' })
    assert.deepEqual(linesOf(ask([leaf, issuing, other], { anchors: [newRoot] })), ['a.test < Issuing < New Root'])
  })
})

describe('a dead branch kills no good one', () => {
  const dead: Record<string, () => Promise<Held>> = {
    'an expired cross-sign': () => crossSigned(issuing, oldRoot, LONG_AGO),
    'a fake of the CA with another key': () => rootAuthority('Issuing', { subjectKeyId: issuing }),
    'a copy of the CA without the CA bit': () => crossSigned(issuing, newRoot, { ca: false }),
    'a copy of the CA with a junk signature': () => crossSigned(issuing, newRoot, { signWith: oldRoot }),
    'a copy of the CA that may not speak for the name': () =>
      crossSigned(issuing, newRoot, { nameConstraints: { permitted: ['other.test'] } }),
    'a copy of the CA under an issuer that nobody knows': async () =>
      crossSigned(issuing, await rootAuthority('Nobody')),
  }
  for (const [what, make] of Object.entries(dead)) {
    it(`be it ${what}, first or last`, async () => {
      const branch = await make()
      for (const shown of [
        [leaf, branch, issuing],
        [leaf, issuing, branch],
      ]) {
        assert.deepEqual(linesOf(ask(shown, { anchors: [newRoot, oldRoot] })), ['a.test < Issuing < New Root'])
      }
    })
  }

  it('and is part of no path: the pin of a fake, or of what it was signed by, proves nothing', async () => {
    const nobody = await rootAuthority('Nobody')
    const fake = await crossSigned(issuing, nobody)
    const { verified } = ask([leaf, fake, nobody, issuing], { anchors: [newRoot] })
    const keys = verified?.paths.flatMap(({ certificates }) => certificates.map(({ keyHash }) => `sha256/${keyHash}`))
    assert.deepEqual(keys, [leaf.pin, issuing.pin, newRoot.pin])
  })
})

describe('of several reasons the most telling is given', () => {
  const branches: Record<string, () => Promise<Held>> = {
    '"CN=Issuing" did not sign': () => rootAuthority('Issuing', { subjectKeyId: issuing }),
    '"CN=Issuing" is not a CA': () => crossSigned(issuing, newRoot, { ca: false }),
    '"CN=Issuing" is expired': () => crossSigned(issuing, newRoot, LONG_AGO),
  }
  const ranked = Object.entries(branches)
  for (const [lower, [lesser, makeLesser]] of ranked.entries()) {
    for (const [greater, makeGreater] of ranked.slice(lower + 1)) {
      it(`${greater}, rather than ${lesser}, in either order`, async () => {
        const [one, other] = [await makeLesser(), await makeGreater()]
        for (const shown of [
          [leaf, one, other],
          [leaf, other, one],
        ]) {
          assert.equal(reasonOf(ask(shown, { anchors: [newRoot] })).startsWith(greater), true)
        }
      })
    }
  }

  it('any of them, rather than that an issuer is missing', async () => {
    const orphan = await crossSigned(issuing, await rootAuthority('Nobody'))
    for (const [reason, make] of ranked) {
      const branch = await make()
      for (const shown of [
        [leaf, orphan, branch],
        [leaf, branch, orphan],
      ]) {
        assert.equal(reasonOf(ask(shown, { anchors: [newRoot] })).startsWith(reason), true)
      }
    }
  })

  it('that a root is not trusted, when the whole chain was sent', () => {
    assert.match(
      reasonOf(ask([leaf, issuing, newRoot], { anchors: [oldRoot] })),
      /its root "CN=New Root" is not trusted/,
    )
  })
})
