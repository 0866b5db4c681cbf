/**
 * Row 8: the pinned root did sign the attacker's key, but not as the key of a CA, or of one with so much below it. That
 * certificate is one everybody can have: the partner's CA issues them to its customers. To be let in by Node at all, the
 * attacker has the same key and name certified by another trusted CA.
 *
 *     victim                            attacker
 *     Partner Root   ← pinned           Other Root                  trusted
 *       │                                 └ Attacker CA             served first: a CA
 *       └ "Attacker CA", the same key         └ (Attacker Sub-CA)
 *          not a CA | no keyCertSign              └ leaf
 *          | path length 0
 *
 *     served: leaf, Attacker CA by Other Root, Attacker CA by Partner Root
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type CertificateSpec,
  intermediateOf,
  KeyUsageFlags,
  leafOf,
  mint,
  rootAuthority,
} from '../support/authority.ts'
import { attacker, crossSigned, HOST, partner } from './cast.ts'
import { onEverySurface } from './path-scenario.ts'
import { verifiedPaths } from './path-verdict.ts'

const victim = await partner()
const foe = await attacker()
const trusted = [victim.root, foe.root]
const honest = await crossSigned(foe.issuing, victim.root)

onEverySurface('a key that the pinned root made a CA lets the call through', {
  served: [foe.leaf, foe.issuing, honest],
  trusted,
  pinned: [victim.root],
  outcome: 'accepted',
})

const sameKey: CertificateSpec = { subject: foe.issuing.subject, keys: foe.issuing, issuer: victim.root }
const customers: readonly (readonly [string, CertificateSpec])[] = [
  ['without the CA bit', { ca: false, keyUsage: KeyUsageFlags.keyCertSign }],
  ['without basic constraints', { keyUsage: KeyUsageFlags.keyCertSign }],
  ['of version 1, which can say nothing about it,', { version1: true }],
  ['without the right to sign certificates', { ca: true, keyUsage: KeyUsageFlags.digitalSignature }],
]
for (const [how, twist] of customers) {
  onEverySurface(`a signer ${how} does not carry its issuer's pin`, {
    served: [foe.leaf, foe.issuing, await mint({ ...sameKey, ...twist })],
    trusted,
    pinned: [victim.root],
    outcome: 'ERR_PIN_MISMATCH',
  })
}

const sub = await intermediateOf(foe.issuing, 'Attacker Sub-CA')
const deepLeaf = await leafOf(sub, [HOST])
const short = await crossSigned(foe.issuing, victim.root, { pathLength: 0 })

onEverySurface("a signer whose path length is exceeded does not carry its issuer's pin", {
  served: [deepLeaf, sub, foe.issuing, short],
  trusted,
  pinned: [victim.root],
  outcome: 'ERR_PIN_MISMATCH',
})

onEverySurface('the same path length is enough for a leaf right below it', {
  served: [foe.leaf, foe.issuing, short],
  trusted,
  pinned: [victim.root],
  outcome: 'accepted',
})

const shortRoot = await rootAuthority('Partner Root', { keys: victim.root, pathLength: 0 })

onEverySurface('the path length of a trusted root counts as well', {
  served: [foe.leaf, foe.issuing, honest],
  trusted: [shortRoot, foe.root],
  pinned: [victim.root],
  outcome: 'ERR_PIN_MISMATCH',
})

const customerLeaf = await leafOf(victim.issuing, ['customer.test'], { keyUsage: 'none' })

onEverySurface("a leaf of the partner's authority as an issuer is refused by Node itself", {
  served: [await leafOf(customerLeaf, [HOST]), customerLeaf, victim.issuing],
  trusted: [victim.root],
  pinned: [victim.issuing],
  outcome: 'INVALID_PURPOSE',
})

describe('the path verifier', () => {
  const reasons: readonly (readonly [CertificateSpec, RegExp])[] = [
    [{ ca: false, keyUsage: KeyUsageFlags.keyCertSign }, /"CN=Attacker CA" is not a CA/],
    [{ ca: true, keyUsage: KeyUsageFlags.cRLSign }, /"CN=Attacker CA" may not sign certificates \(key usage\)/],
    [{ version1: true }, /"CN=Attacker CA" is not X.509 version 3/],
  ]
  for (const [twist, reason] of reasons) {
    it(`says so when it is the only path: ${reason.source}`, async () => {
      const signer = await mint({ ...sameKey, ...twist })
      assert.match(String(verifiedPaths({ served: [foe.leaf, signer], trusted: [victim.root] })), reason)
    })
  }

  it('counts no self-issued certificate against a path length', async () => {
    const renewed = await crossSigned(sub, sub, { keys: foe.leaf.keys })
    const renewedLeaf = await leafOf(renewed, [HOST])
    const one = await crossSigned(foe.issuing, victim.root, { pathLength: 1 })
    const expected = [renewedLeaf.pin, renewed.pin, sub.pin, foe.issuing.pin, victim.root.pin]
    assert.deepEqual(verifiedPaths({ served: [renewedLeaf, renewed, sub, one], trusted: [victim.root] }), [expected])
  })
})
