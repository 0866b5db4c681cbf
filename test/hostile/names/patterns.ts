/**
 * Random policies against random hosts: the table finds the entry that the slow reference finds.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parsePolicy } from '../../../lib/policy/document.ts'
import { joinPolicies } from '../../../lib/policy/join.ts'
import { runs, type Tally } from '../bytes/runs.ts'
import { speaksFor, textOf, type WrittenPattern } from './pattern-reference.ts'

const RUNS = 3_000

const PIN = 'sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='

/** Few labels and few ports, so that patterns meet. */
const label = fc.constantFrom('a', 'b', 'aa', 'xn--bcher-kva', '__proto__', 'constructor', '1a')

const name = fc
  .tuple(fc.array(label, { minLength: 1, maxLength: 4 }), fc.constantFrom('test', 'internal'))
  .map(([labels, top]) => [...labels, top].join('.'))

const host = fc.oneof(
  { weight: 9, arbitrary: name },
  { weight: 1, arbitrary: fc.constantFrom('test', 'localhost', '127.0.0.1', '10.0.0.1', '::1', '2001:db8::1') },
)

const port = fc.constantFrom(443, 8443, 1, 65_535)

const pattern: fc.Arbitrary<WrittenPattern> = fc.record({
  host: fc.oneof(
    host,
    name.map((base) => `*.${base}`),
    name.map((base) => `**.${base}`),
  ),
  port: fc.option(port, { nil: undefined }),
})

const patterns = fc.uniqueArray(pattern, { minLength: 1, maxLength: 12, selector: textOf })

/** A policy, and a host that more often than not is near one of its patterns. */
const question = fc.tuple(patterns, port).chain(([written, at]) => {
  const near = written.map(({ host: text }) => text.replace(/^\*\*?\./, ''))
  const below = fc.tuple(fc.array(label, { maxLength: 2 }), fc.constantFrom(...near))
  const nearby = fc.oneof(
    host,
    below.map(([labels, base]) => [...labels, base].join('.')),
  )
  return fc.record({ written: fc.constant(written), called: nearby, at: fc.constant(at) })
})

export function describePatterns(tally: Tally): void {
  describe('the entry for a host', () => {
    it('is the one of the most specific pattern, alone, in any order of the document', () => {
      let found = 0
      fc.assert(
        fc.property(question, ({ written, called, at }) => {
          tally.add('look-ups in random policies')
          const expected = speaksFor(written, called, at)
          if (expected !== undefined) found += 1
          for (const order of [written, [...written].reverse()]) {
            assert.equal(entryOf(policyOf(order), called, at), expected && textOf(expected))
          }
        }),
        runs(RUNS),
      )
      assert.ok(found > RUNS / 10, `only ${found} hosts were covered`)
    })

    it('is the same when the document is cut into several', () => {
      fc.assert(
        fc.property(question, fc.nat(), ({ written, called, at }, cut) => {
          tally.add('look-ups in random policies')
          const middle = cut % (written.length + 1)
          const parts = [written.slice(0, middle), written.slice(middle)].filter(({ length }) => length > 0)
          const joined = joinPolicies(parts.map((part, index) => ({ source: `s${index}`, policy: policyOf(part) })))
          const expected = speaksFor(written, called, at)
          assert.equal(entryOf(joined, called, at), expected && textOf(expected))
        }),
        runs(RUNS),
      )
    })
  })
}

function policyOf(written: readonly WrittenPattern[]) {
  return parsePolicy({ version: 1, hosts: Object.fromEntries(written.map((one) => [textOf(one), { pins: [PIN] }])) })
}

function entryOf({ hosts }: ReturnType<typeof policyOf>, called: string, at: number): string | undefined {
  return hosts.find(called, at)?.pattern.text
}
