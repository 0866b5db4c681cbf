/**
 * Broken certificates before our own reader, also those that OpenSSL would have kept from it: read or refused with the
 * one error that it may throw, in work that grows with the bytes and with nothing else.
 */

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Certificate } from '../../../lib/x509/certificate.ts'
import { forbiddenName } from '../../../lib/x509/constraints.ts'
import { DerError } from '../../../lib/x509/der.ts'
import { MAX_SIGNATURE_CHECKS, verifyPath } from '../../../lib/x509/path.ts'
import { TrustSet } from '../../../lib/x509/trust-set.ts'
import { signatureChecksOf } from '../../x509/signature-checks.ts'
import { bodyOf, HOST, issuing, leaf, root, signed } from './cast.ts'
import { type Break, breaks, broken } from './der-tree.ts'
import { readsOf } from './reads.ts'
import { runs, type Tally, timesTried } from './runs.ts'

const RUNS = 5_000

const PATH_RUNS = 1_000

/** Values read for each byte: a value takes two bytes, and stands in at most a dozen others that are opened. */
const READS_PER_BYTE = 6

const ORIGINALS = [root, issuing, leaf]

const trust = new TrustSet([root.certificate])

const position = fc.nat({ max: ORIGINALS.length - 1 })

export function describeReaders(tally: Tally): void {
  describe('a broken certificate', () => {
    it('is read or refused, never anything else, and costs what its bytes cost', () => {
      const outcomes = { read: 0, refused: 0 }
      fc.assert(
        fc.property(position, breaks, (index, list) => {
          const input = broken(ORIGINALS[index]?.der ?? leaf.der, list)
          let outcome: 'read' | 'refused' = 'refused'
          const reads = readsOf(() => {
            outcome = outcomeOf(input)
          })
          outcomes[outcome] += 1
          assert.ok(reads <= READS_PER_BYTE * input.length + 16, `${reads} reads for ${input.length} bytes`)
        }),
        runs(RUNS),
      )
      tally.add('broken certificates read', outcomes.read)
      tally.add('refused', outcomes.refused)
      assert.ok(outcomes.read > RUNS / 20 && outcomes.refused > RUNS / 20, JSON.stringify(outcomes))
    })

    it('is read or refused also when it is no certificate at all', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
          tally.add('random bytes')
          outcomeOf(Buffer.from(bytes))
        }),
        runs(RUNS),
      )
    })

    it('verifies only if what was signed is whole', () => {
      let found = 0
      fc.assert(
        fc.property(position, breaks, (index, list) => {
          tally.add('paths with a broken certificate')
          const chain = [leaf, issuing, root].map(({ der }, at) => (at === 2 - index ? broken(der, list) : der))
          const result = verified(chain)
          if (result === undefined) return
          found += 1
          if (index > 0) {
            const original = ORIGINALS[index]?.der ?? leaf.der
            assert.deepEqual(bodyOf(chain[2 - index] ?? leaf.der), bodyOf(original))
          }
        }),
        runs(PATH_RUNS),
      )
      assert.ok(found > 10 && found < timesTried(PATH_RUNS), `${found} verified`)
    })

    it('that was signed as it is ends the search like any other', () => {
      let found = 0
      fc.assert(
        fc.property(breaks, breaks, fc.constantFrom('leaf', 'issuing', 'both'), (forLeaf, forIssuing, which) => {
          tally.add('paths with a broken certificate')
          const result = verified([
            which === 'issuing' ? leaf.der : resigned(leaf.der, forLeaf, issuing),
            which === 'leaf' ? issuing.der : resigned(issuing.der, forIssuing, root),
          ])
          if (result !== undefined) found += 1
        }),
        runs(PATH_RUNS),
      )
      assert.ok(found > 10 && found < timesTried(PATH_RUNS), `${found} verified`)
    })
  })
}

function resigned(der: Buffer, list: readonly Break[], issuer: typeof root): Buffer {
  return signed(broken(bodyOf(der), list), issuer)
}

/** Certificates that Node can't read never come to us. */
function verified(chain: readonly Buffer[]) {
  const shown = chain.map(parsedByNode).filter((certificate) => certificate !== undefined)
  let result: ReturnType<typeof verifyPath> | undefined
  const checks = signatureChecksOf(() => {
    result = verifyPath(shown, { host: HOST, trust, now: Date.now() })
  })
  assert.ok(checks <= MAX_SIGNATURE_CHECKS)
  return shown.length === chain.length ? result?.verified : undefined
}

function outcomeOf(bytes: Buffer): 'read' | 'refused' {
  try {
    // The reader asks Node's certificate for nothing but its bytes; like this it gets also those that Node refuses.
    const certificate = new Certificate({ raw: bytes } as X509Certificate)
    void [certificate.isSelfIssued, certificate.maySignCertificates, certificate.mayServeTls]
    const { nameConstraints: constraints, names = [] } = certificate
    if (constraints !== undefined) forbiddenName(constraints, names)
    return 'read'
  } catch (error) {
    if (error instanceof DerError) return 'refused'
    throw error
  }
}

function parsedByNode(input: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(input)
  } catch {
    return undefined
  }
}
