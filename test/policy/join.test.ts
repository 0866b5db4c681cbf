import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PinnedFetchError } from '../../lib/errors.ts'
import { parsePolicy } from '../../lib/policy/document.ts'
import { joinPolicies } from '../../lib/policy/join.ts'

const FIRST = 'grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='
const SECOND = 'klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY='

function part(source: string, host: string, rest: object = {}) {
  const hosts = { [host]: { pins: [`sha256/${FIRST}`] } }
  return { source, policy: parsePolicy({ version: 1, hosts, ...rest }) }
}

describe('joined policies', () => {
  test('unite hosts and denied keys, and have no serial', () => {
    const joined = joinPolicies([
      part('one', 'a.example', { serial: 3, deny: [`sha256/${FIRST}`] }),
      part('two', 'b.example', { serial: 9, deny: [`sha256/${SECOND}`, `sha256/${FIRST}`] }),
    ])
    assert.deepEqual(
      [...joined.hosts.entries()].map(({ pattern }) => pattern.text),
      ['a.example', 'b.example'],
    )
    assert.equal(joined.hosts.find('b.example', 443)?.pattern.text, 'b.example')
    assert.deepEqual([...joined.deny], [FIRST, SECOND])
    assert.equal('serial' in joined, false)
    assert.ok(Object.isFrozen(joined))
    assert.throws(() => (joined.deny as Set<string>).clear(), TypeError)
  })

  test('take the strictest default, whatever the order', () => {
    for (const [first, second, expected] of [
      ['allow', 'deny', 'deny'],
      ['deny', 'report', 'deny'],
      ['allow', 'report', 'report'],
      ['allow', 'allow', 'allow'],
    ] as const) {
      const parts = [part('one', 'a.example', { default: first }), part('two', 'b.example', { default: second })]
      assert.equal(joinPolicies(parts).default, expected)
      assert.equal(joinPolicies(parts.toReversed()).default, expected)
    }
  })

  test('refuse a pattern that two of them have, naming both sources', () => {
    assert.throws(
      () => joinPolicies([part('one', 'A.example'), part('two', 'b.example'), part('three', 'a.example.')]),
      (error) => {
        assert.ok(error instanceof PinnedFetchError)
        assert.equal(error.code, 'ERR_POLICY_MALFORMED')
        assert.partialDeepStrictEqual(error.evidence, { path: 'hosts["a.example"]' })
        assert.match(error.message, /is in "one" and in "three"/)
        return true
      },
    )
  })

  test('keep a narrow entry beside a broad one: the narrow one still wins', () => {
    const joined = joinPolicies([part('one', '**.x.example', { default: 'allow' }), part('two', 'a.x.example')])
    assert.equal(joined.hosts.find('a.x.example', 443)?.pattern.text, 'a.x.example')
    assert.equal(joined.hosts.find('b.x.example', 443)?.pattern.text, '**.x.example')
  })

  test('are the policy itself where there is one, and deny everything where there is none', () => {
    const only = part('one', 'a.example', { serial: 3 })
    assert.equal(joinPolicies([only]), only.policy)
    const none = joinPolicies([])
    assert.deepEqual([none.default, none.hosts.size, none.deny.size], ['deny', 0, 0])
  })
})
