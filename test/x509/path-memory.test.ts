import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PathMemory } from '../../lib/x509/path-memory.ts'
import type { TrustSet } from '../../lib/x509/trust-set.ts'
import { type Held, intermediateOf, leafOf, mint, rootAuthority, withBrokenSignature } from '../support/authority.ts'
import { HOST, linesOf, trustOf, x509Of } from './question.ts'
import { signatureChecksOf } from './signature-checks.ts'

const HOUR_MS = 3_600_000

const start = Math.floor(Date.now() / 1000) * 1000
const root = await rootAuthority('Root')
const otherRoot = await rootAuthority('Other Root')
const issuing = await intermediateOf(root, 'Issuing')
const leaf = await leafOf(issuing, [HOST, 'b.test'])
const trust = trustOf([root])

/** Asks one memory, and tells how many signatures that cost and which paths came back. */
class Asked {
  readonly #memory = new PathMemory()

  about(
    presented: readonly Held[],
    { host = HOST, now = start, anchors = trust }: { host?: string; now?: number; anchors?: TrustSet } = {},
  ) {
    let lines: string[] = []
    const checks = signatureChecksOf(() => {
      lines = linesOf(this.#memory.verify(x509Of(presented), { host, trust: anchors, now }))
    })
    return { lines, checks }
  }
}

const FOUND = ['a.test < Issuing < Root']

describe('a path that was verified', () => {
  it('is remembered: the second handshake of a host costs no signature', () => {
    const memory = new Asked()
    assert.deepEqual(memory.about([leaf, issuing]), { lines: FOUND, checks: 2 })
    assert.deepEqual(memory.about([leaf, issuing]), { lines: FOUND, checks: 0 })
  })

  it('is the same object again, made by verifyPath', () => {
    const memory = new PathMemory()
    const question = { host: HOST, trust, now: start }
    const first = memory.verify(x509Of([leaf, issuing]), question)
    assert.equal(memory.verify(x509Of([leaf, issuing]), question).verified, first.verified)
  })

  it('is remembered across trust sets that are equal', () => {
    const memory = new Asked()
    memory.about([leaf, issuing])
    assert.equal(memory.about([leaf, issuing], { anchors: trustOf([root]) }).checks, 0)
  })

  it('does not answer for another host that the same certificate names', () => {
    const memory = new Asked()
    memory.about([leaf, issuing])
    assert.deepEqual(memory.about([leaf, issuing], { host: 'b.test' }), { lines: FOUND, checks: 2 })
    assert.deepEqual(memory.about([leaf, issuing], { host: 'c.test' }).lines, [])
  })

  it('does not answer for another trust set', () => {
    const memory = new Asked()
    memory.about([leaf, issuing])
    assert.deepEqual(memory.about([leaf, issuing], { anchors: trustOf([otherRoot]) }).lines, [])
    assert.equal(memory.about([leaf, issuing], { anchors: trustOf([root, otherRoot]) }).checks, 2)
  })

  it('does not answer for other certificates, fewer, more or in another order', async () => {
    const memory = new Asked()
    memory.about([leaf, issuing])
    assert.deepEqual(memory.about([leaf]).lines, [])
    assert.deepEqual(memory.about([withBrokenSignature(leaf), issuing]).lines, [])
    assert.deepEqual(memory.about([issuing, leaf]).lines, [])
    assert.equal(memory.about([leaf, issuing, root]).checks, 2)
    const renewed = await leafOf(issuing, [HOST], { keys: leaf })
    assert.equal(memory.about([renewed, issuing]).checks, 2)
  })
})

describe('a remembered path never outlives its certificates', () => {
  for (const short of ['leaf', 'issuing', 'root'] as const) {
    it(`when its ${short} ends first, to the millisecond, and when the clock goes back before its beginning`, async () => {
      const validity = { notBefore: new Date(start - HOUR_MS), notAfter: new Date(start + HOUR_MS) }
      const ends = (name: string) => (name === short ? validity : { notBefore: new Date(start - 2 * HOUR_MS) })
      const top = await rootAuthority('Root', ends('root'))
      const middle = await intermediateOf(top, 'Issuing', ends('issuing'))
      const own = await leafOf(middle, [HOST], ends('leaf'))
      const memory = new Asked()
      const at = (now: number) => memory.about([own, middle], { now, anchors: trustOf([top]) })
      assert.deepEqual(at(start), { lines: FOUND, checks: 2 })
      assert.deepEqual(at(start + HOUR_MS + 999), { lines: FOUND, checks: 0 })
      assert.deepEqual(at(start + HOUR_MS + 1_000).lines, [])
      assert.deepEqual(at(start - HOUR_MS), { lines: FOUND, checks: 2 })
      assert.deepEqual(at(start - HOUR_MS), { lines: FOUND, checks: 0 })
      assert.deepEqual(at(start - HOUR_MS - 1).lines, [])
    })
  }

  it('and one of several that ends takes the others to be looked for again', async () => {
    const cross = await mint({
      subject: issuing.subject,
      keys: issuing,
      ca: true,
      issuer: otherRoot,
      notAfter: new Date(start + HOUR_MS),
    })
    const memory = new Asked()
    const at = (now: number) => memory.about([leaf, issuing, cross], { now, anchors: trustOf([root, otherRoot]) })
    assert.deepEqual(at(start).lines, ['a.test < Issuing < Root', 'a.test < Issuing < Other Root'])
    assert.equal(at(start + HOUR_MS).checks, 0)
    assert.deepEqual(at(start + HOUR_MS + 1_000).lines, FOUND)
    assert.deepEqual(at(start + HOUR_MS + 1_001), { lines: FOUND, checks: 0 })
  })

  it('and one that begins later is found once it has begun, since the pin may be on it', async () => {
    const cross = await mint({
      subject: issuing.subject,
      keys: issuing,
      ca: true,
      issuer: otherRoot,
      notBefore: new Date(start + HOUR_MS),
    })
    const memory = new Asked()
    const at = (now: number) => memory.about([leaf, issuing, cross], { now, anchors: trustOf([root, otherRoot]) })
    assert.deepEqual(at(start).lines, FOUND)
    assert.deepEqual(at(start + HOUR_MS).lines, ['a.test < Issuing < Root', 'a.test < Issuing < Other Root'])
  })
})

describe('a path that was refused', () => {
  it('is looked for again every time: what is fixed works at once', () => {
    const memory = new Asked()
    const refused = memory.about([withBrokenSignature(leaf), issuing])
    assert.deepEqual(refused.lines, [])
    assert.deepEqual(memory.about([withBrokenSignature(leaf), issuing]), refused)
  })
})

describe('the memory', () => {
  it('holds 256 answers, and lets the one go that was not asked for the longest', async () => {
    const names = Array.from({ length: 257 }, (_, index) => `host-${index}.test`)
    const many = await leafOf(root, names)
    const memory = new Asked()
    const costOf = (index: number) => memory.about([many], { host: `host-${index}.test` }).checks
    for (let index = 0; index < 256; index++) assert.equal(costOf(index), 1)
    assert.equal(costOf(0), 0)
    assert.equal(costOf(256), 1)
    assert.deepEqual([costOf(0), costOf(2), costOf(255)], [0, 0, 0])
    assert.equal(costOf(1), 1)
  })

  it('gives no place to what was refused: no flood of bad handshakes pushes a good one out', () => {
    const memory = new Asked()
    memory.about([leaf, issuing])
    for (let index = 0; index < 300; index++) memory.about([leaf, issuing], { host: `c${index}.test` })
    assert.deepEqual(memory.about([leaf, issuing]), { lines: FOUND, checks: 0 })
  })
})
