import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  MAX_NAME_COMPARISONS,
  MAX_PATH_LENGTH,
  MAX_PATHS,
  MAX_PRESENTED,
  MAX_SIGNATURE_CHECKS,
  MAX_STEPS,
  verifyPath,
} from '../../lib/x509/path.ts'
import { TrustSet } from '../../lib/x509/trust-set.ts'
import { intermediateOf, leafOf, rootAuthority } from '../support/authority.ts'
import { ask, crossSigned, HOST, linesOf, reasonOf, x509Of } from './question.ts'
import { signatureChecksOf } from './signature-checks.ts'

const root = await rootAuthority('Root')
const issuing = await intermediateOf(root, 'Issuing')
const leaf = await leafOf(issuing, [HOST])

/** As many different certificates of one name, none of which is a CA: each costs a search one link, and no signature. */
async function notCas(name: string, count: number): Promise<string[]> {
  const serial = '4d4d4d4d4d4d4d4d'
  const { der } = await rootAuthority(name, { ca: false, serial })
  const offset = der.indexOf(Buffer.from(serial, 'hex'))
  return Array.from({ length: count }, (_, index) => {
    const copy = Buffer.from(der)
    copy.writeUInt32BE(index, offset + 4)
    return `-----BEGIN CERTIFICATE-----\n${copy.toString('base64')}\n-----END CERTIFICATE-----\n`
  })
}

/** Namesakes of the issuing CA that did not sign the leaf: each costs a signature. */
const fakes = await Promise.all(
  Array.from({ length: MAX_SIGNATURE_CHECKS + 1 }, () => rootAuthority('Issuing', { subjectKeyId: issuing })),
)
const dead = await notCas('Root', MAX_STEPS - 1)
/** One link short of the budget, and at it. */
const deadThenRoot = [dead.slice(1), dead].map((anchors) => new TrustSet([...anchors, root.certificate]))
const belowRoot = await leafOf(root, [HOST])

describe('the budgets of a search', () => {
  it('are those that SECURITY.md states', () => {
    assert.deepEqual(
      { MAX_PATH_LENGTH, MAX_SIGNATURE_CHECKS, MAX_STEPS, MAX_NAME_COMPARISONS, MAX_PATHS, MAX_PRESENTED },
      {
        MAX_PATH_LENGTH: 10,
        MAX_SIGNATURE_CHECKS: 100,
        MAX_STEPS: 2_000,
        MAX_NAME_COMPARISONS: 250_000,
        MAX_PATHS: 32,
        MAX_PRESENTED: 128,
      },
    )
  })

  it('end a search at the two-thousandth link', () => {
    const [enough, tooMany] = deadThenRoot.map((trust) =>
      verifyPath(x509Of([belowRoot]), { host: HOST, trust, now: Date.now() }),
    )
    assert.ok(enough && tooMany)
    assert.deepEqual(linesOf(enough), ['a.test < Root'])
    assert.equal(reasonOf(tooMany), 'its certificates take more work than a path may cost')
  })

  it('let the hundredth signature be checked, and no other', () => {
    const after = (count: number) => ask([leaf, ...fakes.slice(0, count), issuing], { anchors: [root] })
    let found: string[] = []
    const checks = signatureChecksOf(() => {
      found = linesOf(after(MAX_SIGNATURE_CHECKS - 2))
    })
    assert.deepEqual([found, checks], [['a.test < Issuing < Root'], MAX_SIGNATURE_CHECKS])
    assert.match(reasonOf(after(MAX_SIGNATURE_CHECKS - 1)), /more work than a path may cost/)
  })

  it('count no comparison where nothing is constrained, and each where something is', async () => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => `n${index}.${HOST}`)
    // 500 subtrees, and as many names below: the leaf's alternative names, its subject, and the subject of its CA.
    const top = await rootAuthority('Constrained', {
      nameConstraints: { permitted: [HOST, ...names(498)], excluded: ['b.test'] },
    })
    const middle = await intermediateOf(top, 'Middle')
    const below = async (count: number) =>
      ask([await leafOf(middle, [HOST, ...names(count)]), middle], { anchors: [top] })
    assert.deepEqual(linesOf(await below(497)), ['a.test < Middle < Constrained'])
    assert.match(reasonOf(await below(498)), /more work than a path may cost/)
  })

  it('outrank every other reason once one has run out: the search is not complete', async () => {
    const expired = await crossSigned(issuing, root, {
      notBefore: new Date('2020-01-01'),
      notAfter: new Date('2021-01-01'),
    })
    for (const shown of [
      [expired, ...fakes],
      [...fakes.slice(0, -1), expired, ...fakes.slice(-1)],
    ]) {
      assert.match(reasonOf(ask([leaf, ...shown], { anchors: [root] })), /more work than a path may cost/)
    }
  })
})
