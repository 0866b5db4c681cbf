/**
 * Row 5: a root that the machine trusts (a company's proxy, NODE_EXTRA_CA_CERTS) has the name of the pinned CA. Its leaf
 * carries no authority key id, and the real pinned CA is appended. OpenSSL verifies up to the rogue root; Node's
 * `issuerCertificate` goes by name (`X509_check_issued`) and walks to the real one.
 *
 *     victim                          attacker
 *     Partner Root    trusted         "Partner CA"      trusted: another key, the same name
 *       └ Partner CA  ← pinned          └ leaf          served: no authority key id
 *
 *     served: leaf (attacker's), Partner CA (victim's)
 */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { HOST, partner } from './cast.ts'
import { naiveView } from './naive-client.ts'
import { onEverySurface } from './path-scenario.ts'

const victim = await partner()
const rogue = await rootAuthority('Partner CA')
const leaf = await leafOf(rogue, [HOST], { authorityKeyId: 'none' })
const trusted = [victim.root, rogue]

it('Node accepts such a chain and its issuerCertificate leads to the pinned key', async (t) => {
  const server = await startTlsServer(presented(leaf, victim.issuing))
  t.after(() => server.close())
  const { authorized, linked } = await naiveView(server, trusted)
  assert.ok(authorized)
  assert.ok(linked.includes(victim.issuing.pin))
})

onEverySurface('a trusted root with the name of the pinned authority is not that authority', {
  served: [leaf, victim.issuing],
  trusted,
  pinned: [victim.issuing],
  outcome: 'ERR_PIN_MISMATCH',
})

onEverySurface('nor when the pinned root of the real authority is served along', {
  served: [leaf, victim.issuing, victim.root],
  trusted,
  pinned: [victim.root],
  outcome: 'ERR_PIN_MISMATCH',
})

const rogueRoot = await rootAuthority('Partner Root')
const rogueIssuing = await leafOf(rogueRoot, [HOST], { authorityKeyId: 'none' })

onEverySurface('a trusted root with the name of the pinned root is not that root', {
  served: [rogueIssuing],
  trusted: [rogueRoot, victim.root],
  pinned: [victim.root],
  outcome: 'ERR_PIN_MISMATCH',
})
