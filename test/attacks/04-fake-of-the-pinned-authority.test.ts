/**
 * Row 4: the attacker makes a CA certificate with the pinned CA's name, and serves it together with the real one, in
 * both orders. A client that links certificates by name takes the one for the other.
 *
 *     victim                          attacker
 *     Partner Root                    Other Root           trusted
 *       └ Partner CA   ← pinned         └ "Partner CA"     served: another key, the same name
 *           └ leaf                          └ leaf         served
 *
 *     served: leaf, "Partner CA", Partner CA    and    leaf, Partner CA, "Partner CA"
 *     also with a "Partner CA" that is self-signed and trusted by nobody
 */

import { type CertificateSpec, type Held, intermediateOf, leafOf, rootAuthority } from '../support/authority.ts'
import { attacker, HOST, partner } from './cast.ts'
import { onEverySurface } from './path-scenario.ts'

const victim = await partner()
const foe = await attacker()
const trusted = [victim.root, foe.root]
const NAME = 'Partner CA'

const fake = await intermediateOf(foe.root, NAME)
const leaf = await leafOf(fake, [HOST])

onEverySurface('a fake of the pinned authority before the real one does not help', {
  served: [leaf, fake, victim.issuing],
  trusted,
  pinned: [victim.issuing],
  outcome: 'ERR_PIN_MISMATCH',
})

onEverySurface('a fake of the pinned authority after the real one does not help', {
  served: [leaf, victim.issuing, fake],
  trusted,
  pinned: [victim.issuing],
  outcome: 'ERR_PIN_MISMATCH',
})

// The key id of the real one on the fake, or none at all: nothing but the signature tells them apart.
await indistinguishable('with the same key id', { subjectKeyId: victim.issuing }, {})
await indistinguishable('without key ids', { subjectKeyId: 'none' }, { authorityKeyId: 'none' })

async function indistinguishable(how: string, fakeTwist: CertificateSpec, leafTwist: CertificateSpec): Promise<void> {
  const twin = await intermediateOf(foe.root, NAME, fakeTwist)
  const twinLeaf = await leafOf(twin, [HOST], leafTwist)
  onEverySurface(`a fake of the pinned authority ${how} before the real one does not help`, {
    served: [twinLeaf, twin, victim.issuing],
    trusted,
    pinned: [victim.issuing],
    outcome: 'ERR_PIN_MISMATCH',
  })
  onEverySurface(`a fake of the pinned authority ${how} after the real one is refused by Node itself`, {
    served: [twinLeaf, victim.issuing, twin],
    trusted,
    pinned: [victim.issuing],
    outcome: 'CERT_SIGNATURE_FAILURE',
  })
}

const selfMade = await rootAuthority(NAME)
const selfMadeLeaf = await leafOf(selfMade, [HOST])
const orders: readonly (readonly [Held, ...Held[]])[] = [
  [selfMadeLeaf, selfMade, victim.issuing],
  [selfMadeLeaf, victim.issuing, selfMade],
]
for (const served of orders) {
  const order = served[1] === selfMade ? 'before' : 'after'
  onEverySurface(`a fake that nobody trusts, ${order} the real one, is refused by Node itself`, {
    served,
    trusted: [victim.root],
    pinned: [victim.issuing],
    outcome: 'SELF_SIGNED_CERT_IN_CHAIN',
  })
}
