/** What the store does when a call was refused: it asks once more, and an attacker can't make a flood of it. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { documentOf, loadedStore, numberOf, type StoreOnStage, settled } from './controllable-source.ts'

describe('after a mismatch', () => {
  it('the source is asked, and the call gets what it says', async (t) => {
    const { source, store, clock } = await loadedStore(t)
    clock.pass(10)
    const after = store.rulesSince(clock.elapsed())
    await settled()
    await source.latest(2).answer(documentOf(2))
    assert.equal(numberOf(await after), 2)
  })

  it('a policy that was asked for since the handshake is answer enough', async (t) => {
    const { source, store, clock } = await loadedStore(t)
    clock.pass(10)
    const since = clock.elapsed()
    clock.pass(10)
    const refreshed = store.refresh()
    await source.latest(2).answer(documentOf(2))
    await refreshed
    assert.equal(numberOf(await store.rulesSince(since)), 2)
    source.latest(2)
  })

  it('a hundred calls at once ask once', async (t) => {
    const { source, store, clock } = await loadedStore(t)
    clock.pass(10)
    const all = Array.from({ length: 100 }, () => store.rulesSince(clock.elapsed()))
    await settled()
    await source.latest(2).answer(documentOf(2))
    assert.deepEqual([...new Set((await Promise.all(all)).map(numberOf))], [2])
    source.latest(2)
  })

  it('a load that began before the handshake is not enough: another follows it', async (t) => {
    const { source, store, clock } = await loadedStore(t)
    const refreshed = store.refresh()
    clock.pass(10)
    const all = Array.from({ length: 10 }, () => store.rulesSince(clock.elapsed()))
    await source.latest(2).answer(documentOf(2))
    await refreshed
    await source.latest(3).answer(documentOf(3))
    assert.deepEqual([...new Set((await Promise.all(all)).map(numberOf))], [3])
    source.latest(3)
  })

  it('a load that began before and fails is followed by none during the pause', async (t) => {
    const { source, store, clock } = await loadedStore(t)
    const refreshed = assert.rejects(store.refresh())
    clock.pass(10)
    const after = store.rulesSince(clock.elapsed())
    await settled()
    await source.latest(2).fail(new Error('down'))
    await refreshed
    assert.equal(numberOf(await after), 1)
    source.latest(2)
  })

  it('a source that fails leaves the rules as they were, and never rejects', async (t) => {
    const { source, store, clock, failures } = await loadedStore(t)
    clock.pass(10)
    const after = store.rulesSince(clock.elapsed())
    await settled()
    await source.latest(2).fail(new Error('down'))
    assert.equal(numberOf(await after), 1)
    assert.equal(failures().length, 1)
  })
})

describe('a flood of mismatches', () => {
  /** One refused call after another, `pause` ms apart; the source confirms the policy each time it is asked. */
  async function flood({ source, store, clock }: StoreOnStage, calls: number, pause: number): Promise<number> {
    const before = source.loads.length
    for (let call = 0; call < calls; call++) {
      clock.pass(pause)
      const loads = source.loads.length
      const after = store.rulesSince(clock.elapsed())
      await settled()
      if (source.loads.length > loads) await source.latest().answer(documentOf(1), 'one')
      assert.equal(numberOf(await after), 1)
    }
    return source.loads.length - before
  }

  it('asks five times, and then once in ten seconds', async (t) => {
    const stage = await loadedStore(t)
    assert.equal(await flood(stage, 50, 1), 5)
    assert.equal(await flood(stage, 60, 1_000), 6)
  })

  it('leaves the whole stock of five to a rotation a minute later', async (t) => {
    const stage = await loadedStore(t)
    await flood(stage, 50, 1)
    stage.clock.pass(60_000)
    assert.equal(await flood(stage, 10, 1), 5)
    assert.equal(await flood(stage, 10, 1), 0)
  })

  it('neither hurries nor hinders the refresh by age', async (t) => {
    const stage = await loadedStore(t)
    await flood(stage, 50, 1)
    const { source, store, clock } = stage
    const loads = source.loads.length
    clock.pass(100_001)
    await store.rules()
    assert.equal(source.loads.length, loads + 1)
  })
})
