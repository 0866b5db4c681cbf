/**
 * Row 1: not an attack, but what every refusal in the other rows is measured against. A pin on any key of the verified
 * path lets the call through, the root's as well, which the server does not send.
 *
 *     victim                                     attacker
 *     Partner Root      trusted    ← pinned?     nobody
 *       └ Partner CA    served     ← pinned?
 *           └ leaf      served     ← pinned?
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { intermediateOf, leafOf } from '../support/authority.ts'
import { HOST, partner } from './cast.ts'
import { onEverySurface } from './path-scenario.ts'
import { verifiedPaths } from './path-verdict.ts'

const { root, issuing, leaf } = await partner()
const regional = await intermediateOf(issuing, 'Partner Regional CA')
const regionalLeaf = await leafOf(regional, [HOST])
const direct = await leafOf(root, [HOST])
const someday = await partner()

for (const [what, pinned] of [
  ['leaf', leaf],
  ['intermediate', issuing],
  ['root, which is not served,', root],
] as const) {
  onEverySurface(`a pin on the ${what} lets the call through`, {
    served: [leaf, issuing],
    trusted: [root],
    pinned: [pinned],
    outcome: 'accepted',
  })
}

onEverySurface('a pin on a root that is served as well lets the call through', {
  served: [leaf, issuing, root],
  trusted: [root],
  pinned: [root],
  outcome: 'accepted',
})

onEverySurface('a backup pin lets the call through', {
  served: [leaf, issuing],
  trusted: [root],
  pinned: [someday.issuing, issuing],
  outcome: 'accepted',
})

onEverySurface('a leaf that the root itself signed has a path of two', {
  served: [direct],
  trusted: [root],
  pinned: [root],
  outcome: 'accepted',
})

onEverySurface('an intermediate that is trusted itself ends the path', {
  served: [regionalLeaf, regional],
  trusted: [issuing, root],
  pinned: [issuing],
  outcome: 'accepted',
})

onEverySurface('a leaf pin and an issuer pin let the call through when both match', {
  served: [leaf, issuing],
  trusted: [root],
  pinned: { leafPins: [leaf.pin], issuerPins: [issuing.pin] },
  outcome: 'accepted',
})

describe('a path', () => {
  it('holds the leaf first, every issuer, and the anchor last', () => {
    const paths = verifiedPaths({ served: [regionalLeaf, regional, issuing], trusted: [root] })
    assert.deepEqual(paths, [[regionalLeaf.pin, regional.pin, issuing.pin, root.pin]])
  })
})
