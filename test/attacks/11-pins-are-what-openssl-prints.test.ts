/**
 * Row 11, an accident rather than an attack: a pin is computed by hand, with openssl, and must be the one we compare.
 * Node's documented sample hashes `cert.pubkey`, which is the SubjectPublicKeyInfo for RSA and something else for the
 * rest, so its pins match nothing that openssl prints.
 *
 *     victim                                                     attacker
 *     Partner Root    P-256, trusted                             nobody
 *       └ Partner CA  RSA, RSA-PSS, P-256/384/521, Ed25519       ← pinned by openssl's output
 *           └ leaf    of the same kind                           ← pinned by openssl's output
 */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { type Held, intermediateOf, type KeyKind, keptKeys, leafOf, rootAuthority } from '../support/authority.ts'
import { HOST } from './cast.ts'
import { onEverySurface } from './path-scenario.ts'
import { verifiedPaths } from './path-verdict.ts'

const KINDS = [
  'rsa2048',
  'rsa3072',
  'rsa4096',
  'rsa-pss',
  'p256',
  'p384',
  'p521',
  'ed25519',
] as const satisfies KeyKind[]

const root = await rootAuthority('Partner Root')

if (opensslAnswers()) {
  for (const kind of KINDS) {
    const issuing = await intermediateOf(root, `Partner CA ${kind}`, { keys: await keptKeys(kind, 'authority') })
    const leaf = await leafOf(issuing, [HOST], { keys: await keptKeys(kind, 'leaf') })
    for (const [what, held] of [
      ['leaf', leaf],
      ['intermediate', issuing],
    ] as const) {
      onEverySurface(`the pin that openssl prints for a ${kind} ${what} lets the call through`, {
        served: [leaf, issuing],
        trusted: [root],
        pinned: { pins: [pinByOpenssl(held)] },
        outcome: 'accepted',
      })
    }
    it(`a ${kind} path has the pins that openssl prints, leaf first`, () => {
      const expected = [leaf, issuing, root].map(pinByOpenssl)
      assert.deepEqual(verifiedPaths({ served: [leaf, issuing], trusted: [root] }), [expected])
    })
  }
} else {
  it('pins are what openssl prints', { skip: 'SKIPPED: there is no "openssl" command to compare with' }, () => {})
}

describe('the premise', () => {
  it("Node's documented sample hashes something else for an elliptic curve key", async () => {
    const held = await leafOf(root, [HOST], { keys: await keptKeys('p256', 'leaf') })
    const { pubkey } = new X509Certificate(held.der).toLegacyObject()
    assert.ok(pubkey)
    assert.notEqual(`sha256/${createHash('sha256').update(pubkey).digest('base64')}`, held.pin)
  })
})

function opensslAnswers(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** `openssl x509 -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64` */
function pinByOpenssl({ certificate }: Held): string {
  const publicKey = execFileSync('openssl', ['x509', '-pubkey', '-noout'], { input: certificate })
  const info = execFileSync('openssl', ['pkey', '-pubin', '-outform', 'der'], { input: publicKey })
  return `sha256/${execFileSync('openssl', ['dgst', '-sha256', '-binary'], { input: info }).toString('base64')}`
}
