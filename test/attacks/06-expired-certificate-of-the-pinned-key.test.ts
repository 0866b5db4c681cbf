/**
 * Row 6: a CA that is trusted but not pinned mints a sub-CA with the pinned CA's name. The server sends an expired
 * certificate of the pinned key before it. OpenSSL skips the expired one and verifies by the sub-CA; Node's
 * `issuerCertificate` links the expired one, by name.
 *
 *     victim                                      attacker
 *     Partner Root                                Other Root          trusted
 *       ├ Partner CA            ← pinned            └ "Partner CA"    served: another key, the same name
 *       └ Partner CA (expired), the same key             └ leaf       served: no authority key id
 *
 *     served: leaf, Partner CA (expired, victim's), "Partner CA"
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { intermediateOf, leafOf, presented } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { attacker, crossSigned, expired, HOST, partner } from './cast.ts'
import { naiveView } from './naive-client.ts'
import { onEverySurface } from './path-scenario.ts'
import { verifiedPaths } from './path-verdict.ts'

const victim = await partner()
const foe = await attacker()
const trusted = [victim.root, foe.root]
const formerly = await crossSigned(victim.issuing, victim.root, expired())
const namesake = await intermediateOf(foe.root, 'Partner CA')
const leaf = await leafOf(namesake, [HOST], { authorityKeyId: 'none' })

it('Node accepts such a chain and its issuerCertificate leads to the pinned key', async (t) => {
  const server = await startTlsServer(presented(leaf, formerly, namesake))
  t.after(() => server.close())
  const { authorized, linked } = await naiveView(server, trusted)
  assert.ok(authorized)
  assert.ok(linked.includes(victim.issuing.pin))
})

onEverySurface('an expired certificate of the pinned key before a namesake does not help', {
  served: [leaf, formerly, namesake],
  trusted,
  pinned: [victim.issuing],
  outcome: 'ERR_PIN_MISMATCH',
})

onEverySurface('nor after it', {
  served: [leaf, namesake, formerly],
  trusted,
  pinned: [victim.issuing],
  outcome: 'ERR_PIN_MISMATCH',
})

// Here the pinned key did sign: only time speaks against it.
const doubtful = await crossSigned(foe.issuing, victim.root, expired())

onEverySurface('an expired cross-sign by the pinned root does not help', {
  served: [foe.leaf, doubtful, foe.issuing],
  trusted,
  pinned: [victim.root],
  outcome: 'ERR_PIN_MISMATCH',
})

describe('the path verifier', () => {
  it('finds no path through an expired certificate, so that no later check has to', () => {
    assert.deepEqual(verifiedPaths({ served: [foe.leaf, doubtful, foe.issuing], trusted }), [
      [foe.leaf.pin, foe.issuing.pin, foe.root.pin],
    ])
  })
})
