/**
 * Row 8, the finer print: the pinned root did make the attacker's key a CA, but one restricted in a way that rules this
 * leaf out. Node never looks: it verifies by Other Root. A pin counts on any path, so every path must hold in full.
 *
 *     victim                                  attacker
 *     Partner Root    ← pinned, trusted       Other Root       trusted
 *       └ Attacker CA, the same key             └ Attacker CA  served first: unrestricted
 *          other names only | clients only          └ leaf     served
 *          SHA-1 | a 1024-bit signer
 *          unknown critical extension
 *          expired | not yet valid
 *
 *     served: leaf, Attacker CA by Other Root, Attacker CA by Partner Root
 */

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import {
  type CertificateSpec,
  CLIENT_AUTHENTICATION,
  intermediateOf,
  keptKeys,
  leafOf,
  rootAuthority,
  SERVER_AUTHENTICATION,
} from '../support/authority.ts'
import { attacker, crossSigned, expired, HOST, notYetValid, partner } from './cast.ts'
import { onEverySurface } from './path-scenario.ts'
import { verifiedPaths } from './path-verdict.ts'

const victim = await partner()
const foe = await attacker()
const trusted = [victim.root, foe.root]

/** An extension that no RFC knows. */
const UNKNOWN_CRITICAL = { oid: '1.3.6.1.4.1.99999.1', critical: true, der: Buffer.of(5, 0) }

const restrictions: readonly (readonly [string, CertificateSpec, RegExp])[] = [
  ['for other names only', { nameConstraints: { permitted: ['attacker.test'] } }, /name constraints/],
  ['for all names but this one', { nameConstraints: { excluded: ['partner.test'] } }, /name constraints/],
  ['for TLS clients only', { extendedKeyUsage: [CLIENT_AUTHENTICATION] }, /extended key usage/],
  ['with a critical extension that nobody knows', { extraExtensions: [UNKNOWN_CRITICAL] }, /unknown critical/],
  ['that has expired', expired(), /expired since/],
  ['that is not valid yet', notYetValid(), /not valid before/],
]

for (const [how, twist, reason] of restrictions) {
  const restricted = await crossSigned(foe.issuing, victim.root, twist)
  onEverySurface(`a cross-sign by the pinned root ${how} does not carry its pin`, {
    served: [foe.leaf, foe.issuing, restricted],
    trusted,
    pinned: [victim.root],
    outcome: 'ERR_PIN_MISMATCH',
  })
  it(`one ${how} is no path, and the verifier says why`, () => {
    assert.match(String(verifiedPaths({ served: [foe.leaf, restricted], trusted: [victim.root] })), reason)
  })
}

onEverySurface('a restriction that leaves this name and this use free lets the call through', {
  served: [
    foe.leaf,
    foe.issuing,
    await crossSigned(foe.issuing, victim.root, {
      nameConstraints: { permitted: ['partner.test'], excluded: ['bank.test'] },
      extendedKeyUsage: [CLIENT_AUTHENTICATION, SERVER_AUTHENTICATION],
    }),
  ],
  trusted,
  pinned: [victim.root],
  outcome: 'accepted',
})

const sub = await intermediateOf(foe.issuing, 'Attacker Sub-CA')
const elsewhere = await crossSigned(foe.issuing, victim.root, { nameConstraints: { permitted: ['attacker.test'] } })

onEverySurface('name constraints hold for everything below, not only one step down', {
  served: [await leafOf(sub, [HOST]), sub, foe.issuing, elsewhere],
  trusted,
  pinned: [victim.root],
  outcome: 'ERR_PIN_MISMATCH',
})

const rsaRoot = await rootAuthority('Partner RSA Root', { keys: await keptKeys('rsa2048') })
const SIGNATURES = [
  ['SHA-1', { hash: 'SHA-1' }, 'ERR_PIN_MISMATCH'],
  ['SHA-1 in RSASSA-PSS', { hash: 'SHA-1', pss: true }, 'ERR_PIN_MISMATCH'],
  ['SHA-256', { hash: 'SHA-256' }, 'accepted'],
] as const

for (const [hash, twist, outcome] of SIGNATURES) {
  const verb = outcome === 'accepted' ? 'carries' : 'does not carry'
  onEverySurface(`a cross-sign by the pinned root with ${hash} ${verb} its pin`, {
    served: [foe.leaf, foe.issuing, await crossSigned(foe.issuing, rsaRoot, twist)],
    trusted: [rsaRoot, foe.root],
    pinned: [rsaRoot],
    outcome,
  })
}

const factorable = generateKeyPairSync('rsa', { modulusLength: 1024 })
const weakRoot = await rootAuthority('Partner Old Root', { keys: { kind: 'rsa2048', ...factorable } })

onEverySurface('a cross-sign by a pinned root of 1024 bits does not carry its pin', {
  served: [foe.leaf, foe.issuing, await crossSigned(foe.issuing, weakRoot)],
  trusted: [weakRoot, foe.root],
  pinned: [weakRoot],
  outcome: 'ERR_PIN_MISMATCH',
})

describe('a path', () => {
  it('is only as long valid as its certificates: none after its issuer or its anchor has expired', async () => {
    const anchor = await rootAuthority('Partner Root', { keys: victim.root, ...expired() })
    const question = { served: [victim.leaf, victim.issuing], trusted: [anchor] }
    assert.match(String(verifiedPaths(question)), /"CN=Partner Root" is expired since/)
  })
})
