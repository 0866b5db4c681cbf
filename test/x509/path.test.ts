import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Held, intermediateOf, keptKeys, leafOf, mint, rootAuthority } from '../support/authority.ts'
import { ask, chainWith, HOST, linesOf, trustOf, x509Of } from './question.ts'

const DAY_MS = 86_400_000

const root = await rootAuthority('Root')
const stranger = await rootAuthority('Stranger')
const issuing = await intermediateOf(root, 'Issuing')
const leaf = await leafOf(issuing, [HOST])

describe('a path is verified', () => {
  const accepted: Record<string, () => Promise<{ presented: readonly Held[]; anchors: readonly Held[] }>> = {
    'over an intermediate, whose root is not sent': async () => ({ presented: [leaf, issuing], anchors: [root] }),
    'when the root is sent as well': async () => ({ presented: [leaf, issuing, root], anchors: [root] }),
    'in any order above the leaf': async () => ({ presented: [leaf, root, stranger, issuing], anchors: [root] }),
    'with strangers and duplicates in between': async () => ({
      presented: [leaf, stranger, leaf, issuing, issuing],
      anchors: [stranger, root],
    }),
    'from a leaf that the root signed itself': async () => ({
      presented: [await leafOf(root, [HOST])],
      anchors: [root],
    }),
    'to an intermediate that is trusted itself': async () => ({ presented: [leaf], anchors: [issuing] }),
    'of one certificate, when the leaf itself is trusted': async () => {
      const own = await mint({ names: [HOST] })
      return { presented: [own], anchors: [own] }
    },
    'with a leaf that is a CA': () => chainWith({ leaf: { ca: true } }),
    'with a leaf without extended key usage': () => chainWith({ leaf: { extendedKeyUsage: [] } }),
    'with a CA without key usage': () => chainWith({ issuing: { keyUsage: 'none' } }),
    'with a CA for any usage': () => chainWith({ issuing: { extendedKeyUsage: ['2.5.29.37.0'] } }),
    'without any key ids': () =>
      chainWith({
        issuing: { subjectKeyId: 'none', authorityKeyId: 'none' },
        leaf: { subjectKeyId: 'none', authorityKeyId: 'none' },
      }),
    'with the path length used up to its end': () => chainWith({ issuing: { pathLength: 0 }, root: { pathLength: 1 } }),
    'inside the names that its CA is constrained to': () =>
      chainWith({ issuing: { nameConstraints: { permitted: ['a.test'], excluded: ['b.test'] } } }),
    'with RSA, RSASSA-PSS and Ed25519 on the way': async () => {
      const rsa = await rootAuthority('RSA', { keys: await keptKeys('rsa2048') })
      const pss = await intermediateOf(rsa, 'PSS', { keys: await keptKeys('rsa-pss') })
      const edwards = await intermediateOf(pss, 'Edwards', { kind: 'ed25519' })
      return { presented: [await leafOf(edwards, [HOST], { kind: 'p521' }), edwards, pss], anchors: [rsa] }
    },
  }
  for (const [what, make] of Object.entries(accepted)) {
    it(what, async () => {
      const { presented, anchors } = await make()
      assert.equal(linesOf(ask(presented, { anchors })).length, 1)
    })
  }

  it('and says which host, which trust set, and which certificates from when to when', async () => {
    const result = ask([leaf, issuing], { anchors: [root] })
    assert.ok(result.verified)
    assert.deepEqual(linesOf(result), ['a.test < Issuing < Root'])
    assert.deepEqual([result.verified.host, result.verified.trustId], [HOST, trustOf([root]).id])
    const [path] = result.verified.paths
    assert.deepEqual(
      path?.certificates.map(({ keyHash }) => `sha256/${keyHash}`),
      [leaf.pin, issuing.pin, root.pin],
    )
    const certificates = x509Of([leaf, issuing, root])
    assert.equal(path?.validFrom, Math.max(...certificates.map(({ validFromDate }) => Number(validFromDate))))
    assert.equal(path?.validUntil, Math.min(...certificates.map(({ validToDate }) => Number(validToDate) + 999)))
  })

  it('and nobody can change it afterwards', () => {
    const { verified } = ask([leaf, issuing], { anchors: [root] })
    assert.ok(verified)
    for (const frozen of [verified, verified.paths, verified.paths[0], verified.paths[0]?.certificates]) {
      assert.equal(Object.isFrozen(frozen), true)
    }
  })

  it('up to the last millisecond of the second in which it ends, and not before its first', async () => {
    const to = Math.floor(Date.now() / 1000) * 1000
    const from = to - DAY_MS
    const early = { notBefore: new Date(from - DAY_MS) }
    const { presented, anchors } = await chainWith({
      root: early,
      issuing: early,
      leaf: { notBefore: new Date(from), notAfter: new Date(to) },
    })
    const at = (now: number) => ask(presented, { anchors, now }).verified !== undefined
    assert.deepEqual([from - 1, from, to, to + 999, to + 1_000].map(at), [false, true, true, true, false])
  })
})
