/** The store over a source that has a cache of its own: what it hands over may be old already. */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { PolicyStore } from '../../lib/source/store.ts'
import { ControllableSource, documentOf, numberOf } from './controllable-source.ts'
import { SettableClocks } from './settable-clocks.ts'

const EXPIRY = 100_000

for (const [cachedFor, effective] of [
  [0, EXPIRY],
  [40_000, 80_000],
  [EXPIRY, EXPIRY / 2],
  // Nobody makes it ask without end.
  [10 * EXPIRY, EXPIRY / 2],
] as const) {
  it(`a policy from a cache of ${cachedFor / 1000} s is waited for after ${(2 * effective) / 1000} s`, async () => {
    const source = Object.assign(new ControllableSource(), { cachedFor })
    const clock = new SettableClocks()
    const store = new PolicyStore([source], { cacheExpiry: EXPIRY, maxStale: 86_400_000, clock, emit: () => {} })
    const first = store.rules()
    await source.latest(1).answer(documentOf(1))
    await first
    clock.pass(2 * effective)
    const served = store.rules()
    assert.ok(!(served instanceof Promise), 'it still serves, and is refreshed beside the call')
    clock.pass(1)
    const call = store.rules()
    assert.ok(call instanceof Promise, 'it is too old to serve')
    await source.latest(2).answer(documentOf(2))
    assert.equal(numberOf(await call), 2)
  })
}
