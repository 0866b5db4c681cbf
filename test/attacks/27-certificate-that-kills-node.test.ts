/**
 * Row 27, a certificate that kills the process: in every handshake Node makes a legacy object of each certificate that
 * it can link by name, and Node 24 dies of it (segmentation fault) when one has an elliptic curve without a NIST name.
 * Anybody with a certificate that the function trusts could end its environment, and no metric would tell.
 *
 *     attacker     Other Root (trusted, not pinned)
 *                    └ api.partner.test            no authority key id, so that any "Other Root" may be its issuer
 *                  "Other Root", self-signed on secp256k1, appended
 */

import { generateKeyPairSync } from 'node:crypto'
import { leafOf, mint } from '../support/authority.ts'
import { attacker, HOST, partner } from './cast.ts'
import { onEverySurface } from './path-scenario.ts'

const victim = await partner()
const { root } = await attacker()
const leaf = await leafOf(root, [HOST], { authorityKeyId: 'none' })
const unnamedCurve = { kind: 'p256' as const, ...generateKeyPairSync('ec', { namedCurve: 'secp256k1' }) }
const junk = await mint({
  subject: root.subject,
  keys: unnamedCurve,
  ca: true,
  subjectKeyId: 'none',
  authorityKeyId: 'none',
})

onEverySurface('a junk authority on a curve without a NIST name ends no process', {
  served: [leaf, junk],
  trusted: [victim.root, root],
  pinned: [victim.root],
  outcome: 'ERR_PIN_MISMATCH',
})
