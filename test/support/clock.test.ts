import assert from 'node:assert/strict'
import { it } from 'node:test'
import { settableClock } from './clock.ts'

it('a settable clock stands still until it is moved, forwards or backwards', () => {
  const clock = settableClock(new Date('2026-01-01'))
  const start = clock.now()
  clock.advance(1_000)
  assert.equal(clock.now(), start + 1_000)
  clock.set(0)
  assert.equal(clock.now(), 0)
})
