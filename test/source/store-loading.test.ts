/** The store while it loads: one flight, a deadline, prefetching, pauses after failures. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findPinnedFetchError } from '../../lib/errors.ts'
import { LOAD_DEADLINE_MS } from '../../lib/source/store.ts'
import { documentOf, loadedStore, numberOf, settled, storeOver } from './controllable-source.ts'

describe('the first load', () => {
  it('is one, however many calls wait for it', async (t) => {
    const { source, store, refreshes } = storeOver(t)
    const calls = Array.from({ length: 100 }, () => store.rules())
    await source.latest(1).answer(documentOf(1), 'one')
    for (const rules of await Promise.all(calls)) assert.equal(numberOf(rules), 1)
    assert.equal(source.loads.length, 1)
    assert.deepEqual(refreshes(), [
      { type: 'policy-refreshed', source: 'the test', version: 'one', stage: undefined, changed: true, ageSeconds: 0 },
    ])
  })

  it('that was prefetched is the one that the first call waits for', async (t) => {
    const { source, store } = storeOver(t)
    store.prefetch()
    store.prefetch()
    const call = store.rules()
    await source.latest(1).answer(documentOf(1))
    assert.equal(numberOf(await call), 1)
    store.prefetch()
    assert.equal(source.loads.length, 1)
  })

  it('that failed when prefetched is not held against the next call, which tries again at once', async (t) => {
    const { source, store, failures } = storeOver(t)
    store.prefetch()
    await source.latest(1).fail(new Error('INIT had no network yet'))
    assert.equal(failures().length, 1)
    const call = store.rules()
    await source.latest(2).answer(documentOf(1))
    assert.equal(numberOf(await call), 1)
  })

  it('that fails tells each waiting call why, by a code of ours', async (t) => {
    const { source, store, failures } = storeOver(t)
    const calls = [store.rules(), store.rules()]
    const outcomes = Promise.allSettled(calls)
    await source.latest(1).fail(new TypeError('no route\nand a line that may quote anything'))
    for (const outcome of await outcomes) {
      assert.equal(outcome.status, 'rejected')
      const error = findPinnedFetchError(outcome.status === 'rejected' && outcome.reason)
      assert.equal(error?.code, 'ERR_POLICY_UNAVAILABLE')
      assert.match(error?.message ?? '', /from the test: TypeError: no route\n {2}hint/)
      assert.doesNotMatch(error?.message ?? '', /quote anything/)
    }
    assert.deepEqual(
      failures().map(({ code, ageSeconds }) => [code, ageSeconds]),
      [['ERR_POLICY_UNAVAILABLE', undefined]],
    )
  })

  it('may fail in any way a source can think of', async (t) => {
    const { source, store, clock } = storeOver(t)
    for (const [position, reason] of [undefined, null, 'text', 0, { code: 'E' }, new Proxy({}, {})].entries()) {
      const call = assert.rejects(store.refresh(), { code: 'ERR_POLICY_UNAVAILABLE' })
      await source.latest(position + 1).fail(reason)
      await call
      clock.pass(60_000)
    }
  })

  it('of a source that throws instead of rejecting fails like any other', async (t) => {
    const thrower = {
      name: 'a thrower',
      load() {
        throw new Error('at once')
      },
    }
    const { store, failures } = storeOver(t, { sources: [thrower] })
    store.prefetch()
    await settled()
    assert.equal(failures().length, 1)
    await assert.rejects(async () => await store.rules(), { code: 'ERR_POLICY_UNAVAILABLE' })
  })

  it('is given up after its deadline, and the source is told to stop', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { source, store, clock } = storeOver(t)
    const call = assert.rejects(async () => await store.rules(), /no answer within 2000 ms/)
    const { signal } = source.latest(1)
    t.mock.timers.tick(LOAD_DEADLINE_MS - 1)
    assert.equal(signal?.aborted, false)
    clock.pass(LOAD_DEADLINE_MS)
    t.mock.timers.tick(1)
    assert.equal(signal?.aborted, true)
    await call
  })

  it('that hung in INIT is tried once more for the call that waited for it', async (t) => {
    const { source, store, failures } = storeOver(t)
    store.prefetch()
    const call = store.rules()
    await source.latest(1).fail(new Error('hung in INIT'))
    await source.latest(2).answer(documentOf(1))
    assert.equal(numberOf(await call), 1)
    assert.equal(failures().length, 1)
  })

  it('that fails again after INIT fails the calls that waited, once and for all', async (t) => {
    const { source, store } = storeOver(t)
    store.prefetch()
    const calls = [store.rules(), store.rules()].map((call) => assert.rejects(async () => await call, /still down/))
    await source.latest(1).fail(new Error('down'))
    await source.latest(2).fail(new Error('still down'))
    await Promise.all(calls)
    source.latest(2)
  })

  it('is given up silently when the store is closed', async (t) => {
    const { source, store, events } = storeOver(t)
    const call = assert.rejects(async () => await store.rules())
    store.close()
    await call
    await source.latest(1).answer(documentOf(1))
    assert.equal(source.latest(1).signal?.aborted, true)
    assert.deepEqual(events, [])
    assert.equal(store.latest, undefined)
  })
})

describe('an invocation that has little time left', () => {
  it('gives a load that begins in it half of that time', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { source, store, failures } = storeOver(t)
    store.expectEnd(1_000)
    const call = assert.rejects(async () => await store.rules())
    t.mock.timers.tick(499)
    assert.equal(source.latest(1).signal?.aborted, false)
    t.mock.timers.tick(1)
    await call
    assert.equal(source.latest(1).signal?.aborted, true)
    assert.match(failures()[0]?.message ?? '', /within 500 ms/)
  })

  it('gives a load that is on its way no more than that either', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { source, store, clock } = storeOver(t)
    store.prefetch()
    clock.pass(100)
    t.mock.timers.tick(100)
    store.expectEnd(600)
    const { signal } = source.latest(1)
    t.mock.timers.tick(299)
    assert.equal(signal?.aborted, false)
    t.mock.timers.tick(1)
    assert.equal(signal?.aborted, true)
  })

  it('never gives a load more than its deadline, and is forgotten when it is over', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { source, store, clock } = storeOver(t)
    store.expectEnd(900_000)
    store.prefetch()
    t.mock.timers.tick(LOAD_DEADLINE_MS)
    assert.equal(source.latest(1).signal?.aborted, true)
    await settled()
    store.expectEnd(1_000)
    clock.pass(1_000)
    store.prefetch()
    t.mock.timers.tick(LOAD_DEADLINE_MS - 1)
    assert.equal(source.latest(2).signal?.aborted, false)
  })
})

describe('after a failed load', () => {
  it('calls get the same reason without another load, until the pause is over', async (t) => {
    const { source, store, clock, failures } = storeOver(t)
    const first = assert.rejects(async () => await store.rules(), /once/)
    await source.latest(1).fail(new Error('once'))
    await first
    clock.pass(499)
    await assert.rejects(async () => await store.rules(), /once/)
    source.latest(1)
    clock.pass(501)
    const call = store.rules()
    await source.latest(2).answer(documentOf(1))
    assert.equal(numberOf(await call), 1)
    assert.equal(failures().length, 1)
  })

  for (const [when, limit, begin] of [
    ['without a policy the pause doubles up to 5 seconds', 5_000, storeOver],
    ['with a policy the pause doubles up to a minute', 60_000, loadedStore],
  ] as const) {
    it(`${when}, shortened by at most half`, async (t) => {
      const { source, store, clock } = await begin(t)
      const ask = async () => await Promise.resolve(store.rules()).catch(() => undefined)
      // Past twice cacheExpiry and within maxStale for the whole test: each call asks if it may.
      clock.pass(250_000)
      let pause = 1_000
      const before = source.loads.length
      for (let failure = 1; failure <= 10; failure++) {
        const asking = ask()
        await source.latest(before + failure).fail(new Error('down'))
        await asking
        clock.pass(pause / 2 - 1)
        await ask()
        assert.equal(source.loads.length, before + failure, `asked too soon after failure ${failure}`)
        clock.pass(pause / 2 + 1)
        pause = Math.min(limit, pause * 2)
      }
    })
  }
})
