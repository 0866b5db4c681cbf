/**
 * Row 3 (CVE-2016-2402): a chain that Node accepts, and the victim's public certificates appended to it. A client that
 * looks for the pin in the list that the server sent finds it there; the keys took no part in the proof.
 *
 *     victim                        attacker
 *     Partner Root                  Other Root         trusted
 *       └ Partner CA   ← pinned       └ Attacker CA    served
 *           └ leaf     ← pinned           └ leaf       served
 *
 *     served: leaf, Attacker CA (attacker's), then leaf, Partner CA, Partner Root (victim's, copied from the network)
 */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type Held, presented } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { attacker, partner } from './cast.ts'
import { naiveView } from './naive-client.ts'
import { onEverySurface } from './path-scenario.ts'

const victim = await partner()
const foe = await attacker()
const trusted = [victim.root, foe.root]

it('Node accepts such a chain and shows the pinned certificates among those sent', async (t) => {
  const server = await startTlsServer(presented(foe.leaf, foe.issuing, victim.leaf, victim.issuing))
  t.after(() => server.close())
  const { authorized, sent } = await naiveView(server, trusted)
  assert.ok(authorized)
  assert.deepEqual(sent.slice(2), [victim.leaf.pin, victim.issuing.pin])
})

const refused = (title: string, pinned: Held, served: readonly [Held, ...Held[]]) =>
  onEverySurface(title, { served, trusted, pinned: [pinned], outcome: 'ERR_PIN_MISMATCH' })

refused('an appended pinned leaf does not help', victim.leaf, [foe.leaf, foe.issuing, victim.leaf])
refused('an appended pinned intermediate does not help', victim.issuing, [foe.leaf, foe.issuing, victim.issuing])
refused('an appended pinned root does not help, though it is trusted', victim.root, [
  foe.leaf,
  foe.issuing,
  victim.root,
])
refused('a pinned intermediate between leaf and issuer does not help', victim.issuing, [
  foe.leaf,
  victim.issuing,
  foe.issuing,
])
refused('the whole pinned chain does not help', victim.issuing, [
  foe.leaf,
  victim.leaf,
  victim.issuing,
  victim.root,
  foe.issuing,
])
