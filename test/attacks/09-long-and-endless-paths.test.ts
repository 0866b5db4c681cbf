/**
 * Row 9: how long a path may be, and chains made to keep a verifier busy. All of them end: by a length, by a number of
 * signatures and of steps, never by patience.
 *
 *     victim                                     attacker
 *     Partner Root        trusted                Loop A ⇄ Loop B         each has signed the other
 *       └ CA 1                                       └ leaf
 *           └ …  8 are accepted, 9 are refused
 *                └ leaf                          Mesh 1 … Mesh 8         each has signed each
 *
 *                                                Step 1 ⇶ Step 2 ⇶ …     three certificates for each key
 */

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { MAX_PATHS, MAX_PRESENTED, MAX_SIGNATURE_CHECKS } from '../../lib/x509/path.ts'
import { type Held, intermediateOf, leafOf, rootAuthority } from '../support/authority.ts'
import { crossSigned, HOST, partner } from './cast.ts'
import { onEverySurface } from './path-scenario.ts'
import { verifiedPaths } from './path-verdict.ts'

const victim = await partner()
const EXHAUSTED = 'its certificates take more work than a path may cost'

/** A path of `length` certificates, without its root: the leaf first. */
async function longChain(length: number): Promise<[Held, ...Held[]]> {
  const below: Held[] = []
  let issuer = victim.root
  for (let depth = 1; depth <= length - 2; depth++) {
    issuer = await intermediateOf(issuer, `CA ${depth}`)
    below.unshift(issuer)
  }
  return [await leafOf(issuer, [HOST]), ...below]
}

onEverySurface('a path of 10 certificates is accepted, by a pin at its far end', {
  served: await longChain(10),
  trusted: [victim.root],
  pinned: [victim.root],
  outcome: 'accepted',
})

onEverySurface('a path of 11 certificates is refused by us, though Node accepts it', {
  served: await longChain(11),
  trusted: [victim.root],
  pinned: [victim.root],
  outcome: 'ERR_PATH_NOT_VERIFIED',
  because: /its path is longer than 10 certificates/,
})

const loopA = await rootAuthority('Loop A')
const loopB = await rootAuthority('Loop B')
const aByB = await crossSigned(loopA, loopB)
const bByA = await crossSigned(loopB, loopA)
const looped = await leafOf(loopA, [HOST])

onEverySurface('two authorities that signed each other are accepted, by a pin on the farther one', {
  served: [looped, aByB, bByA],
  trusted: [loopA, loopB],
  pinned: [loopB],
  outcome: 'accepted',
})

onEverySurface('two authorities that signed each other and end nowhere are refused', {
  served: [looped, aByB, bByA],
  trusted: [victim.root],
  pinned: [loopB],
  outcome: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
})

describe('the path verifier', () => {
  it('goes through a loop once: each name and key stands in a path once', () => {
    assert.deepEqual(verifiedPaths({ served: [looped, aByB, bByA], trusted: [loopA, loopB] }), [
      [looped.pin, loopA.pin],
      [looped.pin, loopA.pin, loopB.pin],
    ])
    assert.equal(typeof verifiedPaths({ served: [looped, aByB, bByA], trusted: [] }), 'string')
  })

  it('gives up on eight authorities that all signed each other, after 100 signatures', async (t) => {
    const authorities = await Promise.all(Array.from({ length: 8 }, (_, index) => rootAuthority(`Mesh ${index}`)))
    const [first] = authorities
    assert.ok(first)
    const mesh = authorities.flatMap((subject) =>
      authorities.filter((issuer) => issuer !== subject).map((issuer) => crossSigned(subject, issuer)),
    )
    const served = [await leafOf(first, [HOST]), ...(await Promise.all(mesh))]
    const signatures = signaturesVerified(t)
    assert.equal(verifiedPaths({ served, trusted: [victim.root] }), EXHAUSTED)
    assert.equal(signatures(), MAX_SIGNATURE_CHECKS)
  })

  it('verifies each signature once, however many ways lead over it, and counts its steps', async (t) => {
    const served = await ladder(9, 3)
    const signatures = signaturesVerified(t)
    assert.equal(verifiedPaths({ served, trusted: [] }), EXHAUSTED)
    // 3 over the leaf, then at most 9 between two rungs.
    assert.ok(signatures() <= 3 + 9 * 8 && signatures() < MAX_SIGNATURE_CHECKS)
  })

  it('keeps 32 paths of those that there are', async () => {
    const served = await ladder(6, 2, victim.root)
    const paths = verifiedPaths({ served, trusted: [victim.root] })
    assert.equal(paths.length, MAX_PATHS)
  })

  it('reads 128 certificates of those that were sent', async () => {
    const ballast = await Promise.all(Array.from({ length: MAX_PRESENTED - 2 }, () => rootAuthority('Ballast')))
    const { leaf, issuing, root } = victim
    const trusted = [root]
    assert.ok(Array.isArray(verifiedPaths({ served: [leaf, ...ballast, issuing], trusted })))
    assert.equal(
      verifiedPaths({ served: [leaf, ...ballast, leafOfNobody, issuing], trusted }),
      'no issuer of "CN=api.partner.test" was sent or is trusted',
    )
  })
})

const leafOfNobody = await rootAuthority('Nobody')

/** `rungs` authorities above one another, `width` certificates for the key of each: width^rungs ways up. */
async function ladder(rungs: number, width: number, anchor?: Held): Promise<Held[]> {
  const above: Held[] = []
  let issuer = anchor ?? (await rootAuthority('Step 0'))
  for (let rung = 1; rung <= rungs; rung++) {
    const step = await intermediateOf(issuer, `Step ${rung}`)
    for (let copy = 1; copy < width; copy++) above.unshift(await crossSigned(step, issuer))
    above.unshift(step)
    issuer = step
  }
  return [await leafOf(issuer, [HOST]), ...above]
}

/** Counts Node's signature verifications from now on. */
function signaturesVerified(t: TestContext): () => number {
  const { mock } = t.mock.method(X509Certificate.prototype, 'verify')
  return () => mock.callCount()
}
