/**
 * What Node alone accepts over TLS and a careful client should not: the guard refuses it for a covered host, whatever
 * its pins say. Each by its name, so that a verifier that grows lax is noticed here first.
 *
 * By name are the cases of x509-limbo; of BetterTLS it is every case whose leaf has no DNS name among its alternative
 * names, and the host as its common name.
 */

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { describe, it } from 'node:test'
import { BETTER_TLS, LIMBO, type ServedCase, servedCases } from './cases.ts'
import type { Outcome } from './portion.ts'
import { stricterThanNode } from './promises.ts'
import { runCases, unableToRun } from './suite-run.ts'

const STRICTER: Readonly<Record<string, string>> = {
  'webpki::san::no-san': 'the host is in the common name alone',
  'webpki::san::wildcard-embedded-leftmost-san': 'a wildcard that is not a whole label (ba*.example.com)',
  'cve::cve-2025-61727': 'a wildcard that covers a name which the CA is forbidden',
  'rfc5280::nc::nc-forbids-dnsname-wildcard-san': 'the same, asked for the forbidden name itself',
  'webpki::nc::intermediate-permitted-excluded-subtrees-both-null': 'name constraints that cannot be decoded',
  'webpki::nc::intermediate-permitted-excluded-subtrees-both-empty-sequences':
    'name constraints that constrain nothing',
  'webpki::v1-cert': 'a certificate that says it is not of version 3, and has extensions',
  'rfc5280::root-missing-basic-constraints': 'a root that does not say it is a CA',
  'webpki::forbidden-dsa-root': 'a root with a DSA key',
}

/** Of the cases of BetterTLS with the host in the common name alone, those that Node accepts. */
const COMMON_NAME_ALONE = 68

const REFUSAL = 'ERR_PATH_NOT_VERIFIED'

const skips = [unableToRun(LIMBO), unableToRun(BETTER_TLS)] as const
for (const skip of skips) if (skip) console.error(skip)

describe('what Node alone accepts, and a careful client does not', () => {
  it('is refused in x509-limbo, each case by its name', { skip: skips[0] }, async () => {
    const ids = Object.keys(STRICTER)
    const cases = servedCases(LIMBO).filter(({ id }) => ids.includes(id))
    const { outcomes } = await runCases(cases)
    assert.deepEqual(
      stricterThanNode(outcomes)
        .map(({ id }) => id)
        .sort(),
      ids.toSorted(),
    )
    assert.deepEqual(codesOf(outcomes), [REFUSAL])
  })

  it(`is refused in BetterTLS, ${COMMON_NAME_ALONE} cases with the host in the common name alone`, {
    skip: skips[1],
  }, async () => {
    const { outcomes } = await runCases(servedCases(BETTER_TLS).filter(isNamedByCommonNameAlone))
    const stricter = stricterThanNode(outcomes)
    assert.equal(stricter.length, COMMON_NAME_ALONE)
    assert.deepEqual(codesOf(stricter), [REFUSAL])
  })
})

/** Of what the guard said, on every surface. */
function codesOf(outcomes: readonly Outcome[]): (string | undefined)[] {
  return [...new Set(outcomes.flatMap(({ surfaces }) => surfaces.map(({ pinned }) => pinned.code)))]
}

function isNamedByCommonNameAlone({ peer_certificate, expected_peer_name: { value } }: ServedCase): boolean {
  const { subject, subjectAltName } = new X509Certificate(peer_certificate)
  return isIP(value) === 0 && !subjectAltName?.includes('DNS:') && subject.split('\n').includes(`CN=${value}`)
}
