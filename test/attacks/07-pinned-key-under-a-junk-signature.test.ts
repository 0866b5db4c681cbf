/**
 * Row 7: a CA certificate is easily written: the attacker's issuer's name and key id, the pinned public key, and junk
 * where the signature should be. Nothing but signatures tells that the pinned key signed nothing here.
 *
 *     victim                          attacker
 *     Partner Root                    Other Root            trusted
 *       └ Partner CA   ← pinned         ├ Attacker CA       served
 *                                       │   └ leaf          served
 *                                       └ "Attacker CA"     served: the pinned key, Attacker CA's key id, junk signature
 *
 *     The other way round: "Partner Root signed Attacker CA", says a certificate whose signature is junk.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Held, mint, presented, withBrokenSignature } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { attacker, crossSigned, partner } from './cast.ts'
import { naiveView } from './naive-client.ts'
import { onEverySurface } from './path-scenario.ts'
import { verifiedPaths } from './path-verdict.ts'

const victim = await partner()
const foe = await attacker()
const trusted = [victim.root, foe.root]

const posing = await mint({
  subject: foe.issuing.subject,
  keys: victim.issuing,
  subjectKeyId: foe.issuing,
  ca: true,
  issuer: foe.root,
  signWith: foe.leaf,
})

it('Node accepts such a chain, and the pinned key is among those sent', async (t) => {
  const server = await startTlsServer(presented(foe.leaf, foe.issuing, posing))
  t.after(() => server.close())
  const { authorized, sent } = await naiveView(server, trusted)
  assert.ok(authorized)
  assert.equal(sent[2], victim.issuing.pin)
})

onEverySurface('the pinned key in a certificate that stands in for the issuer does not help', {
  served: [foe.leaf, foe.issuing, posing],
  trusted,
  pinned: [victim.issuing],
  outcome: 'ERR_PIN_MISMATCH',
})

onEverySurface('nor before the real issuer, where Node itself refuses', {
  served: [foe.leaf, posing, foe.issuing],
  trusted,
  pinned: [victim.issuing],
  outcome: 'CERT_SIGNATURE_FAILURE',
})

const honestlySigned = await crossSigned(victim.issuing, foe.root, {
  subject: foe.issuing.subject,
  subjectKeyId: foe.issuing,
})

onEverySurface('nor when the certificate that holds the pinned key is signed by a trusted root', {
  served: [foe.leaf, foe.issuing, honestlySigned],
  trusted,
  pinned: [victim.issuing],
  outcome: 'ERR_PIN_MISMATCH',
})

const forgeries: readonly (readonly [string, Held])[] = [
  ['signed by somebody else', await crossSigned(foe.issuing, victim.root, { signWith: foe.leaf })],
  ['with a broken signature', withBrokenSignature(await crossSigned(foe.issuing, victim.root))],
]
for (const [how, forged] of forgeries) {
  onEverySurface(`a cross-sign by the pinned root, ${how}, does not help`, {
    served: [foe.leaf, foe.issuing, forged],
    trusted,
    pinned: [victim.root],
    outcome: 'ERR_PIN_MISMATCH',
  })
}

describe('the path verifier', () => {
  it('says which signature is not there', () => {
    const paths = verifiedPaths({ served: [foe.leaf, posing], trusted })
    assert.equal(paths, '"CN=Attacker CA" did not sign "CN=api.partner.test"')
  })

  it('links no issuer whose key id is another one than the leaf names, as OpenSSL does not', async () => {
    const renamed = await crossSigned(foe.issuing, victim.root, { subjectKeyId: victim.leaf })
    assert.deepEqual(verifiedPaths({ served: [foe.leaf, foe.issuing, renamed], trusted }), [
      [foe.leaf.pin, foe.issuing.pin, foe.root.pin],
    ])
  })
})
