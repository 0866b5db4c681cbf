/**
 * Row 10: chains as real servers send them, unordered, doubled, cross-signed, with leftovers. A pin counts on every path
 * that verifies, also where OpenSSL took another; a dead branch neither helps nor hurts.
 *
 *     victim
 *     Old Root     ← pinned?, trusted          New Root    ← pinned?, trusted
 *       └ Partner CA by Old Root                 └ Partner CA by New Root, the same key
 *                          └──────── leaf ────────┘
 *
 *     accident                                 attacker
 *     an expired cross-sign still served,      a pin on a root that is served, but no longer trusted
 *     one of a root that nobody has
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Held, intermediateOf, leafOf, rootAuthority, withBrokenSignature } from '../support/authority.ts'
import { attacker, crossSigned, expired, HOST } from './cast.ts'
import { onEverySurface } from './path-scenario.ts'
import { verifiedPaths } from './path-verdict.ts'

const oldRoot = await rootAuthority('Old Root')
const newRoot = await rootAuthority('New Root')
const issuing = await intermediateOf(oldRoot, 'Partner CA')
const issuingByNew = await crossSigned(issuing, newRoot)
const regional = await intermediateOf(issuing, 'Partner Regional CA')
const leaf = await leafOf(issuing, [HOST])
const regionalLeaf = await leafOf(regional, [HOST])
const stranger = await attacker()
const both = [oldRoot, newRoot]

const orders: readonly (readonly [string, readonly [Held, ...Held[]]])[] = [
  ['the wrong way round', [regionalLeaf, issuing, regional]],
  ['doubled', [regionalLeaf, regionalLeaf, issuing, regional, issuing, regional]],
  ['mixed with those of strangers', [regionalLeaf, stranger.root, issuing, stranger.issuing, stranger.leaf, regional]],
  ['with the root first', [regionalLeaf, oldRoot, issuing, regional]],
]
for (const [how, served] of orders) {
  onEverySurface(`intermediates ${how} are accepted`, {
    served,
    trusted: [oldRoot],
    pinned: [oldRoot],
    outcome: 'accepted',
  })
}

for (const [which, parent] of [
  ['old', oldRoot],
  ['new', newRoot],
] as const) {
  const [own, others] = parent === oldRoot ? [issuing, issuingByNew] : [issuingByNew, issuing]
  const other = parent === oldRoot ? newRoot : oldRoot
  onEverySurface(`a pin on the ${which} root of a cross-signed authority lets the call through`, {
    served: [leaf, others, own],
    trusted: both,
    pinned: [parent],
    outcome: 'accepted',
  })
  onEverySurface(`also when the ${which} root is the only one trusted`, {
    // OpenSSL tries the first that fits and no other, so Node accepts only this order.
    served: [leaf, own, others],
    trusted: [parent],
    pinned: [parent],
    outcome: 'accepted',
  })
  onEverySurface(`but not when the ${which} root is pinned and no longer trusted, even if it is served`, {
    served: [leaf, others, own, parent],
    trusted: [other],
    pinned: [parent],
    outcome: 'ERR_PIN_MISMATCH',
  })
}

const newRootByOld = await crossSigned(newRoot, oldRoot)
const newIssuing = await intermediateOf(newRoot, 'Partner New CA')
const newLeaf = await leafOf(newIssuing, [HOST])

onEverySurface('a pin on the old root lives on when a runtime update makes the cross-signed new root a trusted one', {
  served: [newLeaf, newIssuing, newRootByOld],
  trusted: both,
  pinned: [oldRoot],
  outcome: 'accepted',
})

onEverySurface('a cross-sign whose own root nobody has does not spoil the path that is left', {
  served: [newLeaf, newIssuing, newRootByOld],
  trusted: [newRoot],
  pinned: [newRoot],
  outcome: 'accepted',
})

onEverySurface('a pin on the root lets the call through also when an authority below it is trusted by itself', {
  served: [regionalLeaf, regional, issuing],
  trusted: [issuing, oldRoot],
  pinned: [oldRoot],
  outcome: 'accepted',
})

const expiredByOld = await crossSigned(issuing, oldRoot, expired())
const unanchored = await crossSigned(issuing, stranger.root)
const junk = withBrokenSignature(issuing)

const deadBranches: readonly (readonly [string, readonly [Held, ...Held[]]])[] = [
  ['an expired one, before it', [leaf, expiredByOld, issuingByNew]],
  ['an expired one, after it', [leaf, issuingByNew, expiredByOld]],
  ['one with a broken signature, after it', [leaf, issuingByNew, junk]],
  ['one without a trusted root, after it', [leaf, issuingByNew, unanchored, stranger.root]],
  ['all of these', [leaf, expiredByOld, issuingByNew, unanchored, junk]],
]
for (const [what, served] of deadBranches) {
  onEverySurface(`a good branch survives dead ones: ${what}`, {
    served,
    trusted: [newRoot, oldRoot],
    pinned: [newRoot],
    outcome: 'accepted',
  })
}

describe('the path verifier', () => {
  it('finds both paths of a cross-signed authority, in any order of the certificates', () => {
    const expected = [
      [leaf.pin, issuing.pin, newRoot.pin],
      [leaf.pin, issuing.pin, oldRoot.pin],
    ].sort()
    for (const served of [
      [leaf, issuing, issuingByNew],
      [leaf, issuingByNew, junk, issuing],
      [leaf, unanchored, expiredByOld, issuingByNew, issuing],
    ]) {
      const paths = verifiedPaths({ served, trusted: both })
      assert.deepEqual(Array.isArray(paths) ? paths.sort() : paths, expected)
    }
  })

  it('finds the path behind a cross-sign of an anchor, and behind an anchor that has an issuer', () => {
    assert.deepEqual(verifiedPaths({ served: [newLeaf, newIssuing, newRootByOld], trusted: both }), [
      [newLeaf.pin, newIssuing.pin, newRoot.pin],
      [newLeaf.pin, newIssuing.pin, newRoot.pin, oldRoot.pin],
    ])
    assert.deepEqual(verifiedPaths({ served: [leaf], trusted: [issuing, oldRoot] }), [
      [leaf.pin, issuing.pin],
      [leaf.pin, issuing.pin, oldRoot.pin],
    ])
  })

  it('ends at an anchor and nowhere else, not at a root that is only served', () => {
    assert.equal(typeof verifiedPaths({ served: [leaf, issuing, oldRoot], trusted: [stranger.root] }), 'string')
    assert.deepEqual(verifiedPaths({ served: [leaf, issuing, issuingByNew, oldRoot], trusted: [newRoot] }), [
      [leaf.pin, issuing.pin, newRoot.pin],
    ])
  })
})
