/** How many questions a flood of refused calls may cause. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Allowance } from '../../lib/source/allowance.ts'

/** How many of `count` requests at one moment are allowed. */
function taken(allowance: Allowance, now: number, count = 100): number {
  return Array.from({ length: count }, () => allowance.take(now)).filter((allowed) => allowed).length
}

describe('the allowance', () => {
  it('is five at once, and then one for every ten seconds', () => {
    const allowance = new Allowance()
    assert.equal(taken(allowance, 0), 5)
    assert.equal(taken(allowance, 9_999), 0)
    assert.equal(taken(allowance, 10_000), 1)
    assert.equal(taken(allowance, 35_000), 2)
    assert.equal(taken(allowance, 40_000), 1)
  })

  it('is never more than five, however long nobody asked', () => {
    const allowance = new Allowance()
    assert.equal(taken(allowance, 0, 2), 2)
    assert.equal(taken(allowance, 86_400_000), 5)
  })

  it('adds up over many small pauses as over a long one', () => {
    const allowance = new Allowance()
    let allowed = 0
    for (let now = 0; now <= 1_000_000; now += 10) allowed += Number(allowance.take(now))
    assert.ok(allowed === 105 || allowed === 104, `${allowed} in a thousand seconds`)
  })

  it('grows by nothing when the clock goes back', () => {
    const allowance = new Allowance()
    assert.equal(taken(allowance, 1_000_000), 5)
    assert.equal(taken(allowance, 0), 0)
    assert.equal(taken(allowance, 10_000), 1)
  })
})
