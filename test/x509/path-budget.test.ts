import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  MAX_NAME_COMPARISONS,
  MAX_PATH_LENGTH,
  MAX_PATHS,
  MAX_PRESENTED,
  MAX_SIGNATURE_CHECKS,
} from '../../lib/x509/path.ts'
import { type Held, intermediateOf, leafOf, rootAuthority } from '../support/authority.ts'
import { ask, crossSigned, HOST, linesOf, reasonOf } from './question.ts'
import { signatureChecksOf } from './signature-checks.ts'

const oldRoot = await rootAuthority('Old Root')
const newRoot = await rootAuthority('New Root')
const newByOld = await crossSigned(newRoot, oldRoot)
const issuing = await intermediateOf(newRoot, 'Issuing')
const leaf = await leafOf(issuing, [HOST])

/** `count` CAs below `top`, each signed by the one before; the lowest comes first. */
async function ladder(top: Held, count: number): Promise<Held[]> {
  const steps: Held[] = []
  for (let index = 0; index < count; index++) {
    steps.unshift(await intermediateOf(steps[0] ?? top, `Step ${index + 1}`))
  }
  return steps
}

/** As many DNS names, or subtrees of DNS names. */
function many(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `n${index}.${HOST}`)
}

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
    assert.match(
      reasonOf(ask(await ofLength(MAX_PATH_LENGTH + 1), { anchors: [newRoot] })),
      /longer than 10 certificates/,
    )
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
      knots.flatMap((subject) =>
        knots.filter((issuer) => issuer !== subject).map((issuer) => crossSigned(subject, issuer)),
      ),
    )
    const own = await leafOf(knots[0] ?? newRoot, [HOST])
    let reason = ''
    const checks = signatureChecksOf(() => {
      reason = reasonOf(ask([own, ...web], { anchors: [newRoot] }))
    })
    assert.match(reason, /more work|no issuer/)
    assert.ok(checks <= MAX_SIGNATURE_CHECKS, `${checks} signatures`)
  })

  it(`after ${MAX_NAME_COMPARISONS} comparisons of names with constraints, even when each name is allowed`, async () => {
    // The leaf's subject counts as a name.
    const names = [HOST, ...many(498)]
    const constrainedTo = (count: number) =>
      rootAuthority('Constrained', { nameConstraints: { permitted: [HOST, ...many(count - 2)], excluded: ['b.test'] } })
    const enough = await constrainedTo(500)
    assert.equal(linesOf(ask([await leafOf(enough, names)], { anchors: [enough] })).length, 1)
    const tooMany = await constrainedTo(501)
    assert.match(
      reasonOf(ask([await leafOf(tooMany, names)], { anchors: [tooMany] })),
      /more work than a path may cost/,
    )
  })

  it('after those comparisons, however many certificates they are spread over', async () => {
    const own = await leafOf(newRoot, [HOST, ...many(398)])
    const excluded = many(100).map((name) => `x${name}`)
    const fakes = await Promise.all(
      Array.from({ length: 8 }, () =>
        rootAuthority('New Root', { subjectKeyId: newRoot, nameConstraints: { excluded } }),
      ),
    )
    const real = await crossSigned(newRoot, oldRoot)
    const after = (count: number) => ask([own, ...fakes.slice(0, count), real], { anchors: [oldRoot] })
    assert.deepEqual(linesOf(after(6)), ['a.test < New Root < Old Root'])
    assert.match(reasonOf(after(8)), /more work than a path may cost/)
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
    const filler = await Promise.all(
      Array.from({ length: MAX_PRESENTED - 2 }, (_, index) => rootAuthority(`Filler ${index}`)),
    )
    assert.equal(linesOf(ask([leaf, ...filler, issuing], { anchors: [newRoot] })).length, 1)
    assert.match(reasonOf(ask([leaf, ...filler, oldRoot, issuing], { anchors: [newRoot] })), /no issuer/)
  })

  it('with each pair of certificates verified once, however many paths lead over it', () => {
    const checks = signatureChecksOf(() => ask([leaf, issuing, newByOld], { anchors: [oldRoot, newRoot] }))
    assert.equal(checks, 4 - 1 + 1)
  })
})
