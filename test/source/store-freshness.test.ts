/** How long a loaded policy serves: fresh, refreshed beside the calls, waited for, served stale, refused. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findPinnedFetchError } from '../../lib/errors.ts'
import { LOAD_DEADLINE_MS } from '../../lib/source/store.ts'
import {
  CACHE_EXPIRY_MS,
  documentOf,
  loadedStore,
  MAX_STALE_MS,
  numberOf,
  type StoreOnStage,
  settled,
} from './controllable-source.ts'

/** No environment asks before this. */
const EARLIEST_MS = 0.9 * CACHE_EXPIRY_MS

describe('a fresh policy', () => {
  it('serves every call at once, and the source is not asked', async (t) => {
    const { source, store, clock } = await loadedStore(t)
    clock.pass(EARLIEST_MS)
    const rules = store.rules()
    assert.ok(!(rules instanceof Promise))
    assert.equal(numberOf(rules), 1)
    source.latest(1)
  })

  it('is refreshed by a fleet at different times, each within the last tenth of cacheExpiry', async (t) => {
    const fleet = await Promise.all(Array.from({ length: 100 }, () => loadedStore(t)))
    const askedAfter = (milliseconds: number) => {
      for (const { clock, store } of fleet) {
        clock.pass(milliseconds)
        void store.rules()
      }
      return fleet.filter(({ source }) => source.loads.length > 1).length
    }
    assert.equal(askedAfter(EARLIEST_MS), 0)
    const halfWay = askedAfter((CACHE_EXPIRY_MS - EARLIEST_MS) / 2)
    assert.ok(halfWay > 0 && halfWay < 100, `${halfWay} of 100 asked in the first half`)
    assert.equal(askedAfter((CACHE_EXPIRY_MS - EARLIEST_MS) / 2 + 1), 100)
  })

  it('is fresh for ever with cacheExpiry -1', async (t) => {
    const { source, store, clock } = await loadedStore(t, { cacheExpiry: -1 })
    clock.pass(1_000 * 365 * 86_400_000)
    assert.equal(numberOf(await store.rules()), 1)
    source.latest(1)
  })

  it('is never fresh with cacheExpiry 0: each call waits for the policy of now', async (t) => {
    const { source, store, clock } = await loadedStore(t, { cacheExpiry: 0 })
    for (const number of [2, 3]) {
      clock.pass(1)
      const call = store.rules()
      assert.ok(call instanceof Promise)
      await source.latest(number).answer(documentOf(number))
      assert.equal(numberOf(await call), number)
    }
  })
})

describe('past cacheExpiry', () => {
  it('calls go on at once while one refresh runs beside them', async (t) => {
    const { source, store, clock, refreshes } = await loadedStore(t)
    clock.pass(CACHE_EXPIRY_MS + 1)
    for (let call = 0; call < 10; call++) {
      const rules = store.rules()
      assert.ok(!(rules instanceof Promise))
      assert.equal(numberOf(rules), 1)
    }
    await source.latest(2).answer(documentOf(2), 'two')
    assert.equal(numberOf(await store.rules()), 2)
    const { changed, ageSeconds, version } = refreshes()[1] ?? {}
    assert.deepEqual({ changed, ageSeconds, version }, { changed: true, ageSeconds: 100.001, version: 'two' })
  })

  it('a refresh that brings the same document changes nothing, and nobody is told of new rules', async (t) => {
    const { source, store, clock, refreshes } = await loadedStore(t)
    let changes = 0
    store.onChange(() => {
      changes += 1
    })
    const before = store.latest
    clock.pass(CACHE_EXPIRY_MS + 1)
    await store.rules()
    await source.latest(2).answer(documentOf(1), 'one')
    assert.equal(store.latest, before)
    assert.deepEqual([changes, refreshes()[1]?.changed], [0, false])
    clock.pass(EARLIEST_MS)
    assert.equal(await store.rules(), before)
    source.latest(2)
  })

  it('a refresh that brings another document is told once', async (t) => {
    const { source, store, clock } = await loadedStore(t)
    const told: (number | undefined)[] = []
    store.onChange((rules) => told.push(numberOf(rules)))
    clock.pass(CACHE_EXPIRY_MS + 1)
    await store.rules()
    await source.latest(2).answer(documentOf(2), 'two')
    assert.deepEqual(told, [2])
  })

  it('a refresh that fails leaves the last good policy, and is told with its age', async (t) => {
    const { source, store, clock, failures } = await loadedStore(t)
    clock.pass(CACHE_EXPIRY_MS + 1)
    await store.rules()
    await source.latest(2).fail(new Error('down'))
    const rules = store.rules()
    assert.ok(!(rules instanceof Promise))
    assert.equal(numberOf(rules), 1)
    source.latest(2)
    assert.deepEqual(
      failures().map(({ code, ageSeconds }) => [code, ageSeconds]),
      [['ERR_POLICY_UNAVAILABLE', 100.001]],
    )
  })

  it('a bad document never replaces the good one', async (t) => {
    const { source, store, clock, failures } = await loadedStore(t)
    for (const bad of [{}, { 'api.test': [] }, { version: 1, hosts: {} }, null, 'sha256/', undefined]) {
      const refreshed = assert.rejects(store.refresh(), { code: 'ERR_POLICY_MALFORMED' })
      await source.latest().answer(bad)
      await refreshed
      clock.pass(60_000)
      assert.equal(numberOf(store.latest), 1)
    }
    assert.equal(failures().length, 6)
    assert.match(failures()[0]?.message ?? '', /of the test/)
  })
})

describe('past twice cacheExpiry', () => {
  async function slept(t: Parameters<typeof loadedStore>[0]): Promise<StoreOnStage> {
    const stage = await loadedStore(t)
    stage.clock.pass(2 * CACHE_EXPIRY_MS + 1)
    return stage
  }

  it('the first calls wait for the policy of now', async (t) => {
    const { source, store } = await slept(t)
    const calls = [store.rules(), store.rules()]
    assert.ok(calls.every((call) => call instanceof Promise))
    await source.latest(2).answer(documentOf(2))
    assert.deepEqual((await Promise.all(calls)).map(numberOf), [2, 2])
    assert.ok(!(store.rules() instanceof Promise))
  })

  it('they wait no longer than the deadline, and then the old policy serves', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { store, clock, failures } = await slept(t)
    const call = store.rules()
    clock.pass(LOAD_DEADLINE_MS)
    t.mock.timers.tick(LOAD_DEADLINE_MS)
    assert.equal(numberOf(await call), 1)
    assert.equal(failures().length, 1)
  })

  it('after a failure the next calls don’t wait again, until the pause is over', async (t) => {
    const { source, store, clock } = await slept(t)
    const call = store.rules()
    await source.latest(2).fail(new Error('down'))
    assert.equal(numberOf(await call), 1)
    assert.ok(!(store.rules() instanceof Promise))
    source.latest(2)
    clock.pass(1_000)
    assert.ok(store.rules() instanceof Promise)
    source.latest(3)
  })
})

describe('past maxStale', () => {
  async function outworn(t: Parameters<typeof loadedStore>[0]): Promise<StoreOnStage> {
    const stage = await loadedStore(t)
    stage.clock.pass(MAX_STALE_MS + 1)
    return stage
  }

  it('a call fails when the source does, and is told how old the policy is', async (t) => {
    const { source, store } = await outworn(t)
    const call = Promise.resolve(store.rules()).catch(findPinnedFetchError)
    await source.latest(2).fail(new Error('down'))
    const error = await call
    assert.ok(error !== undefined && 'code' in error && error.code === 'ERR_POLICY_STALE')
    assert.deepEqual(error.evidence, { source: 'the test', ageSeconds: 1_000.001, maxStaleSeconds: 1_000 })
  })

  it('it goes on failing during the pause, without asking, and the reason is the cause', async (t) => {
    const { source, store } = await outworn(t)
    const first = assert.rejects(async () => await store.rules(), { code: 'ERR_POLICY_STALE' })
    await source.latest(2).fail(new Error('down'))
    await first
    await assert.rejects(
      async () => await store.rules(),
      (error: Error) => findPinnedFetchError(error.cause)?.code === 'ERR_POLICY_UNAVAILABLE',
    )
    source.latest(2)
  })

  it('a source that works again ends it at once', async (t) => {
    const { source, store, clock } = await outworn(t)
    const first = assert.rejects(async () => await store.rules(), { code: 'ERR_POLICY_STALE' })
    await source.latest(2).fail(new Error('down'))
    await first
    clock.pass(1_000)
    const call = store.rules()
    await source.latest(3).answer(documentOf(1), 'one')
    assert.equal(numberOf(await call), 1)
    assert.ok(!(store.rules() instanceof Promise))
  })

  it('a document that confirms the policy makes it young again', async (t) => {
    const { source, store, clock, refreshes } = await loadedStore(t)
    clock.pass(MAX_STALE_MS)
    const refreshed = store.refresh()
    await source.latest(2).answer(documentOf(1), 'one')
    await refreshed
    assert.equal(refreshes()[1]?.ageSeconds, 1_000)
    clock.pass(EARLIEST_MS)
    assert.ok(!(store.rules() instanceof Promise))
    source.latest(2)
  })
})

describe('whichever clock is ahead', () => {
  for (const [what, move] of [
    ['the wall clock alone', (stage: StoreOnStage) => stage.clock.jump(3 * CACHE_EXPIRY_MS)],
    ['the monotonic clock alone', (stage: StoreOnStage) => stage.clock.stall(3 * CACHE_EXPIRY_MS)],
  ] as const) {
    it(`${what} makes a policy old`, async (t) => {
      const stage = await loadedStore(t)
      move(stage)
      assert.ok(stage.store.rules() instanceof Promise)
      await stage.source.latest(2).answer(documentOf(2))
      await settled()
      assert.equal(numberOf(stage.store.latest), 2)
    })
  }

  it('a wall clock that was turned back does not make it younger than it is', async (t) => {
    const { store, clock, source } = await loadedStore(t)
    clock.jump(-86_400_000)
    assert.ok(!(store.rules() instanceof Promise))
    source.latest(1)
    clock.pass(3 * CACHE_EXPIRY_MS)
    assert.ok(store.rules() instanceof Promise)
  })
})
