import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MAX_PATH_LENGTH, MAX_PATHS, MAX_PRESENTED, MAX_SIGNATURE_CHECKS } from '../../lib/x509/path.ts'
import { type Held, intermediateOf, leafOf, mint, rootAuthority } from '../support/authority.ts'
import { ask, HOST, linesOf, reasonOf } from './question.ts'
import { signatureChecksOf } from './signature-checks.ts'

const LONG_AGO = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') }

const oldRoot = await rootAuthority('Old Root')
const newRoot = await rootAuthority('New Root')
const newByOld = await crossSigned(newRoot, oldRoot)
const issuing = await intermediateOf(newRoot, 'Issuing')
const leaf = await leafOf(issuing, [HOST])

/** The same name and key, under another issuer. */
function crossSigned(held: Held, issuer: Held, options = {}): Promise<Held> {
  return mint({ subject: held.subject, keys: held, ca: true, issuer, ...options })
}

/** `count` CAs below `top`, each signed by the one before; the lowest comes first. */
async function ladder(top: Held, count: number): Promise<Held[]> {
  const steps: Held[] = []
  for (let index = 0; index < count; index++) {
    steps.unshift(await intermediateOf(steps[0] ?? top, `Step ${index + 1}`))
  }
  return steps
}

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
    'a copy of the CA under an issuer that nobody knows': async () => crossSigned(issuing, await rootAuthority('Nobody')),
  }
  for (const [what, make] of Object.entries(dead)) {
    it(`be it ${what}, first or last`, async () => {
      const branch = await make()
      for (const shown of [[leaf, branch, issuing], [leaf, issuing, branch]]) {
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

describe('a search ends', () => {
  it('where CAs signed each other, and finds the way out', async () => {
    const a = await rootAuthority('A')
    const b = await rootAuthority('B')
    const circle = [await crossSigned(a, b), await crossSigned(b, a)]
    const own = await leafOf(a, [HOST])
    assert.match(reasonOf(ask([own, ...circle], { anchors: [newRoot] })), /no issuer/)
    assert.deepEqual(linesOf(ask([own, ...circle], { anchors: [b] })), ['a.test < A < B'])
    assert.deepEqual(linesOf(ask([own, ...circle], { anchors: [a, b] })), ['a.test < A', 'a.test < A < B'])
  })

  it(`after ${MAX_PATH_LENGTH} certificates: a path of so many is accepted, one more is refused`, async () => {
    const steps = await ladder(newRoot, MAX_PATH_LENGTH - 1)
    const ofLength = async (count: number) => {
      const below = steps.slice(-(count - 2))
      return [await leafOf(below[0] ?? newRoot, [HOST]), ...below]
    }
    assert.equal(linesOf(ask(await ofLength(MAX_PATH_LENGTH), { anchors: [newRoot] })).length, 1)
    assert.match(reasonOf(ask(await ofLength(MAX_PATH_LENGTH + 1), { anchors: [newRoot] })), /longer than 10 certificates/)
  })

  it(`after ${MAX_SIGNATURE_CHECKS} signatures, and says that the work was too much`, async () => {
    const fakes = await Promise.all(
      Array.from({ length: MAX_SIGNATURE_CHECKS + 20 }, () => rootAuthority('Issuing', { subjectKeyId: issuing })),
    )
    let reason = ''
    const checks = signatureChecksOf(() => {
      reason = reasonOf(ask([leaf, ...fakes, issuing], { anchors: [newRoot] }))
    })
    assert.match(reason, /more work than a path may cost/)
    assert.ok(checks <= MAX_SIGNATURE_CHECKS, `${checks} signatures`)
    assert.deepEqual(linesOf(ask([leaf, issuing, ...fakes], { anchors: [newRoot] })), ['a.test < Issuing < New Root'])
  })

  it('where seven CAs signed each other in every pair', async () => {
    const names = Array.from({ length: 7 }, (_, index) => `Knot ${index}`)
    const knots = await Promise.all(names.map((name) => rootAuthority(name)))
    const web = await Promise.all(
      knots.flatMap((subject) => knots.filter((issuer) => issuer !== subject).map((issuer) => crossSigned(subject, issuer))),
    )
    const own = await leafOf(knots[0] ?? newRoot, [HOST])
    let reason = ''
    const checks = signatureChecksOf(() => {
      reason = reasonOf(ask([own, ...web], { anchors: [newRoot] }))
    })
    assert.match(reason, /more work|no issuer/)
    assert.ok(checks <= MAX_SIGNATURE_CHECKS, `${checks} signatures`)
  })

  it(`with ${MAX_PATHS} paths where there are more`, async () => {
    let below: Held[] = [newRoot]
    const shown: Held[] = []
    for (let level = 0; level < 6; level++) {
      const top = below[0] ?? newRoot
      const first = await intermediateOf(top, `Level ${level}`)
      const second = await crossSigned(first, top)
      shown.push(first, second)
      below = [first, second]
    }
    const own = await leafOf(below[0] ?? newRoot, [HOST])
    assert.equal(linesOf(ask([own, ...shown], { anchors: [newRoot] })).length, MAX_PATHS)
  })

  it(`having read ${MAX_PRESENTED} certificates of those that were shown`, async () => {
    const filler = await Promise.all(Array.from({ length: MAX_PRESENTED - 2 }, (_, index) => rootAuthority(`Filler ${index}`)))
    assert.equal(linesOf(ask([leaf, ...filler, issuing], { anchors: [newRoot] })).length, 1)
    assert.match(reasonOf(ask([leaf, ...filler, oldRoot, issuing], { anchors: [newRoot] })), /no issuer/)
  })

  it('with each pair of certificates verified once, however many paths lead over it', () => {
    const checks = signatureChecksOf(() => ask([leaf, issuing, newByOld], { anchors: [oldRoot, newRoot] }))
    assert.equal(checks, 4 - 1 + 1)
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
        for (const shown of [[leaf, one, other], [leaf, other, one]]) {
          assert.equal(reasonOf(ask(shown, { anchors: [newRoot] })).startsWith(greater), true)
        }
      })
    }
  }

  it('any of them, rather than that an issuer is missing', async () => {
    const orphan = await crossSigned(issuing, await rootAuthority('Nobody'))
    for (const [reason, make] of ranked) {
      const branch = await make()
      for (const shown of [[leaf, orphan, branch], [leaf, branch, orphan]]) {
        assert.equal(reasonOf(ask(shown, { anchors: [newRoot] })).startsWith(reason), true)
      }
    }
  })

  it('that a root is not trusted, when the whole chain was sent', () => {
    assert.match(reasonOf(ask([leaf, issuing, newRoot], { anchors: [oldRoot] })), /no issuer of "CN=New Root" was sent or is trusted/)
  })
})
