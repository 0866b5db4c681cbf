/** The age of things by two clocks that may disagree. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ageOf, instantOf, SYSTEM_CLOCK } from '../../lib/source/clock.ts'
import { SettableClocks } from './settable-clocks.ts'

describe('an age', () => {
  for (const [what, move, age] of [
    ['is what both clocks say', (clock: SettableClocks) => clock.pass(5), 5],
    ['is what the wall clock says when the other stood still', (clock: SettableClocks) => clock.jump(5), 5],
    ['is what the monotonic clock says when the other stood still', (clock: SettableClocks) => clock.stall(5), 5],
    ['is not shortened by a wall clock that was turned back', (clock: SettableClocks) => backwards(clock), 5],
    ['is never negative', (clock: SettableClocks) => clock.jump(-5), 0],
  ] as const) {
    it(what, () => {
      const clock = new SettableClocks()
      const start = instantOf(clock)
      move(clock)
      assert.equal(ageOf(start, clock), age)
    })
  }
})

it('the system’s clocks are the time of day and one that never goes back', () => {
  const { now, elapsed } = instantOf(SYSTEM_CLOCK)
  assert.ok(Math.abs(now - Date.now()) < 60_000)
  assert.ok(SYSTEM_CLOCK.elapsed() >= elapsed)
})

function backwards(clock: SettableClocks): void {
  clock.stall(5)
  clock.jump(-1_000)
}
