/** The store when the environment was frozen in the middle of a load, and when a reply comes later than another. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LOAD_DEADLINE_MS } from '../../lib/source/store.ts'
import { documentOf, loadedStore, numberOf, settled, storeOver } from './controllable-source.ts'

describe('a load that a freeze caught', () => {
  const FROZEN_MS = 60_000

  it('and that the thaw ends is started anew, and no failure is told', async (t) => {
    const { source, store, clock, failures } = storeOver(t)
    const call = store.rules()
    clock.pass(FROZEN_MS)
    await source.latest(1).fail(new Error('ECONNRESET: the connection died in the freeze'))
    await source.latest(2).answer(documentOf(2))
    assert.equal(numberOf(await call), 2)
    assert.deepEqual(failures(), [])
  })

  it('and whose deadline fires at the thaw is started anew', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { source, store, clock, failures } = storeOver(t)
    const call = store.rules()
    clock.jump(FROZEN_MS)
    t.mock.timers.tick(LOAD_DEADLINE_MS)
    await settled()
    await source.latest(2).answer(documentOf(2))
    assert.equal(numberOf(await call), 2)
    assert.deepEqual(failures(), [])
  })

  it('is given up by the next call, and whoever still waits gets the newer one', async (t) => {
    const { source, store, clock, failures } = storeOver(t)
    const before = store.rules()
    clock.jump(FROZEN_MS)
    const after = store.rules()
    const [frozen] = source.loads
    await source.latest(2).answer(documentOf(2))
    await frozen?.answer(documentOf(1))
    assert.deepEqual([numberOf(await before), numberOf(await after), numberOf(store.latest)], [2, 2, 2])
    assert.deepEqual([failures().length, frozen?.signal?.aborted], [0, true])
  })

  it('twice in a row is a source that blocks, and counts as failed', async (t) => {
    const { source, store, clock, failures } = storeOver(t)
    const call = assert.rejects(async () => await store.rules(), { code: 'ERR_POLICY_UNAVAILABLE' })
    clock.pass(FROZEN_MS)
    await source.latest(1).fail(new Error('slept'))
    clock.pass(FROZEN_MS)
    await source.latest(2).fail(new Error('slept again'))
    await call
    assert.equal(failures().length, 1)
  })

  it('and another freeze after it says nothing about the source: the next call waits for the policy of now', async (t) => {
    const cacheExpiry = 100_000
    const { source, store, clock } = await loadedStore(t, { cacheExpiry })
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const frozenFor = async (milliseconds: number) => {
      clock.pass(milliseconds)
      // Timers that are due come before the invocation.
      t.mock.timers.tick(milliseconds)
      await settled()
      store.thaw()
      store.expectEnd(3_000)
      store.prefetch()
    }
    clock.pass(cacheExpiry + 1)
    assert.equal(numberOf(await store.rules()), 1)
    await frozenFor(12_000)
    await frozenFor(10 * cacheExpiry)
    const call = store.rules()
    assert.ok(call instanceof Promise, 'it was judged by pins of ten times "cacheExpiry"')
    await source.latest(source.loads.length).answer(documentOf(2))
    assert.equal(numberOf(await call), 2)
  })

  it('and that is told of is started anew at once, however often', async (t) => {
    const { source, store, clock, failures } = storeOver(t)
    const call = store.rules()
    for (let freeze = 1; freeze <= 3; freeze++) {
      clock.pass(1_000)
      store.thaw()
      await settled()
      assert.equal(source.loads[freeze - 1]?.signal?.aborted, true)
    }
    await source.latest(4).answer(documentOf(4))
    assert.equal(numberOf(await call), 4)
    assert.deepEqual(failures(), [])
  })

  it('is not one that the thaw itself began', async (t) => {
    const { source, store, clock } = storeOver(t)
    store.prefetch()
    clock.pass(400)
    store.thaw()
    await settled()
    assert.equal(source.latest(1).signal?.aborted, false)
  })

  it('and was answered nevertheless counts from its beginning: it is old at once', async (t) => {
    const { source, store, clock } = storeOver(t)
    const call = store.rules()
    clock.pass(100_001)
    await source.latest(1).answer(documentOf(1))
    assert.equal(numberOf(await call), 1)
    assert.ok(!(store.rules() instanceof Promise))
    source.latest(2)
  })
})

describe('a late reply', () => {
  it('never beats a newer one', async (t) => {
    const { source, store, clock } = await loadedStore(t)
    void store.refresh().catch(() => undefined)
    const late = source.latest(2)
    clock.pass(10_000)
    const refreshed = store.refresh()
    await source.latest(3).answer(documentOf(3))
    await refreshed
    await late.answer(documentOf(2))
    assert.equal(numberOf(store.latest), 3)
  })

  it('of a failure has nothing to say any more', async (t) => {
    const { source, store, clock, failures } = await loadedStore(t)
    void store.refresh().catch(() => undefined)
    const late = source.latest(2)
    clock.pass(10_000)
    const refreshed = store.refresh()
    await source.latest(3).answer(documentOf(3))
    await refreshed
    await late.fail(new Error('late'))
    assert.deepEqual(failures(), [])
  })
})
