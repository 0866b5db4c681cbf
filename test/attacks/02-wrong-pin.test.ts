/**
 * Row 2: Node accepts the certificate, none of its keys is pinned.
 *
 *     victim                        attacker
 *     Partner Root                  Other Root         trusted
 *       └ Partner CA                  └ Attacker CA    served
 *           └ leaf     ← pinned           └ leaf       served
 */

import { leafOf } from '../support/authority.ts'
import { attacker, HOST, partner } from './cast.ts'
import { onEverySurface } from './path-scenario.ts'

const victim = await partner()
const foe = await attacker()
const sameCa = await leafOf(victim.issuing, [HOST])

onEverySurface('a certificate of another authority is refused', {
  served: [foe.leaf, foe.issuing],
  trusted: [victim.root, foe.root],
  pinned: [victim.leaf, victim.issuing, victim.root],
  outcome: 'ERR_PIN_MISMATCH',
  because: new RegExp(`presented +${quoted(foe.leaf.pin)}[^]*expected +${quoted(victim.leaf.pin)}`),
})

onEverySurface('another key of the pinned host from the same authority is refused when the leaf is pinned', {
  served: [sameCa, victim.issuing],
  trusted: [victim.root],
  pinned: [victim.leaf],
  outcome: 'ERR_PIN_MISMATCH',
})

onEverySurface('the right leaf from the wrong issuer is refused when both are pinned', {
  served: [await leafOf(foe.issuing, [HOST], { keys: victim.leaf }), foe.issuing],
  trusted: [victim.root, foe.root],
  pinned: { leafPins: [victim.leaf.pin], issuerPins: [victim.issuing.pin] },
  outcome: 'ERR_PIN_MISMATCH',
})

onEverySurface('a leaf pin is not satisfied by an issuer with that key', {
  served: [sameCa, victim.issuing],
  trusted: [victim.root],
  pinned: { leafPins: [victim.issuing.pin] },
  outcome: 'ERR_PIN_MISMATCH',
})

onEverySurface('an issuer pin is not satisfied by a leaf with that key', {
  served: [victim.leaf, victim.issuing],
  trusted: [victim.root],
  pinned: { issuerPins: [victim.leaf.pin] },
  outcome: 'ERR_PIN_MISMATCH',
})

function quoted(pin: string): string {
  return pin.replace(/[+/]/g, '\\$&')
}
