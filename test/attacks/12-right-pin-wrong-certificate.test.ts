/**
 * Row 12: a pin adds to Node's verification and replaces none of it. A renewed certificate with the same key goes
 * through; the right key in a certificate that is expired, for another name, or of nobody's authority does not.
 *
 *     victim                                     attacker, who has the pinned key or a way to use it
 *     Partner Root      trusted                  Partner Root
 *       └ Partner CA                               └ Partner CA
 *           ├ leaf         ← pinned                    └ leaf, the pinned key: expired | other name | clients only
 *           └ leaf, renewed, the same key        nobody
 *                                                  └ leaf, the pinned key: self-signed
 */

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import {
  type CertificateSpec,
  CLIENT_AUTHENTICATION,
  type Held,
  leafOf,
  mint,
  SERVER_AUTHENTICATION,
} from '../support/authority.ts'
import { attacker, expired, HOST, notYetValid, partner } from './cast.ts'
import { onEverySurface } from './path-scenario.ts'
import { verifiedPaths } from './path-verdict.ts'

const { root, issuing, leaf } = await partner()
const foe = await attacker()

/** Another certificate for the pinned key of {@link leaf}. */
const again = (names: readonly string[], twist: CertificateSpec = {}): Promise<Held> =>
  leafOf(issuing, names, { keys: leaf, ...twist })

onEverySurface('a renewed certificate with the same key lets the call through', {
  served: [await again([HOST], { serial: '07' }), issuing],
  trusted: [root],
  pinned: [leaf],
  outcome: 'accepted',
})

onEverySurface('so does the same key under another trusted authority', {
  served: [await leafOf(foe.issuing, [HOST], { keys: leaf }), foe.issuing],
  trusted: [root, foe.root],
  pinned: [leaf],
  outcome: 'accepted',
})

onEverySurface('so does a wildcard of the whole leftmost label', {
  served: [await again(['*.partner.test']), issuing],
  trusted: [root],
  pinned: [leaf],
  outcome: 'accepted',
})

const unknownCritical = { oid: '1.3.6.1.4.1.99999.1', critical: true, der: Buffer.of(5, 0) }
const otherNames = ['other.test', `other.${HOST}`, 'partner.test']

const refusedByNode: readonly (readonly [string, Held, string])[] = [
  ['that has expired', await again([HOST], expired()), 'CERT_HAS_EXPIRED'],
  ['that is not valid yet', await again([HOST], notYetValid()), 'CERT_NOT_YET_VALID'],
  ['for other names', await again(otherNames), 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ['for TLS clients only', await again([HOST], { extendedKeyUsage: [CLIENT_AUTHENTICATION] }), 'INVALID_PURPOSE'],
  [
    'with a critical extension that nobody knows',
    await again([HOST], { extraExtensions: [unknownCritical] }),
    'UNSPECIFIED', // Node has no name for OpenSSL's X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION.
  ],
]
for (const [how, certificate, code] of refusedByNode) {
  onEverySurface(`the right key in a certificate ${how} is refused, with Node's own code`, {
    served: [certificate, issuing],
    trusted: [root],
    pinned: [leaf],
    outcome: code,
  })
}

onEverySurface('nor does mode "report" forgive an expired certificate', {
  served: [await again([HOST], expired()), issuing],
  trusted: [root],
  pinned: { pins: [leaf.pin], mode: 'report' },
  outcome: 'CERT_HAS_EXPIRED',
})

const selfSigned = await mint({ names: [HOST], keys: leaf, extendedKeyUsage: [SERVER_AUTHENTICATION] })
const untrusted: readonly (readonly [string, readonly [Held, ...Held[]], readonly Held[], string])[] = [
  ['that signed itself', [selfSigned], [root], 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['of an authority that is not trusted', [leaf, issuing], [foe.root], 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
  ['of a root that is only served', [leaf, issuing, root], [foe.root], 'SELF_SIGNED_CERT_IN_CHAIN'],
  ['whose issuer is not served', [leaf], [root], 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
]
for (const [how, served, trusted, code] of untrusted) {
  onEverySurface(`the right key in a certificate ${how} is refused, with Node's own code`, {
    served,
    trusted,
    pinned: [leaf],
    outcome: code,
  })
}

onEverySurface("the right key under a root that is trusted, but not by the host's own anchors, is refused", {
  served: [leaf, issuing],
  trusted: [root, foe.root],
  pinned: { pins: [leaf.pin], anchors: [foe.root.certificate] },
  outcome: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
})

const commonNameOnly = await again([], { subject: `CN=${HOST}` })
const partialWildcard = await again(['a*.partner.test'])

// Node accepts both: its checkServerIdentity falls back to the common name and takes a wildcard within a label.
for (const [how, certificate] of [
  ['that has the name as its common name only', commonNameOnly],
  ['with a wildcard within a label', partialWildcard],
] as const) {
  onEverySurface(`the right key in a certificate ${how} is refused by us`, {
    served: [certificate, issuing],
    trusted: [root],
    pinned: { pins: [leaf.pin], mode: 'report' },
    outcome: 'ERR_PATH_NOT_VERIFIED',
    because: /its certificate does not name "api\.partner\.test"/,
  })
}

describe('the path verifier, where Node would have refused before', () => {
  const factorable = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const leaves: readonly (readonly [string, CertificateSpec, RegExp])[] = [
    ['an expired leaf', expired(), /^its certificate is expired since/],
    ['a leaf that is not valid yet', notYetValid(), /^its certificate is not valid before/],
    ['a leaf for other names', { names: otherNames }, /^its certificate does not name "api\.partner\.test"/],
    ['a leaf for TLS clients only', { extendedKeyUsage: [CLIENT_AUTHENTICATION] }, /^its certificate may not be used/],
    ['a leaf with an unknown critical extension', { extraExtensions: [unknownCritical] }, /unknown critical extension/],
    ['a leaf of version 1', { version1: true }, /^its certificate is not X.509 version 3/],
    ['a leaf with a key of 1024 bits', { keys: { kind: 'rsa2048', ...factorable } }, /^its key .* is too weak/],
  ]
  for (const [what, twist, reason] of leaves) {
    it(`refuses ${what} by itself`, async () => {
      const certificate = await leafOf(issuing, [HOST], twist)
      assert.match(String(verifiedPaths({ served: [certificate, issuing], trusted: [root] })), reason)
    })
  }

  it('goes by the time it is given', () => {
    const question = { served: [leaf, issuing], trusted: [root] }
    assert.ok(Array.isArray(verifiedPaths(question)))
    assert.match(String(verifiedPaths({ ...question, now: Date.parse('2126-01-01') })), /expired since/)
    assert.match(String(verifiedPaths({ ...question, now: Date.parse('2001-01-01') })), /not valid before/)
  })

  it('refuses a peer that shows no certificate', () => {
    assert.equal(verifiedPaths({ served: [], trusted: [root] }), 'the peer showed no certificate')
  })
})
