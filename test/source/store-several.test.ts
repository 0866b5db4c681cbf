/** One policy out of several sources: all of it or none, each with a serial of its own. */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { findPinnedFetchError } from '../../lib/errors.ts'
import { ControllableSource, pinOf, storeOver } from './controllable-source.ts'

const partners = (serial?: number) => ({ version: 1, serial, hosts: { 'a.test': { pins: [pinOf(1), pinOf(2)] } } })
const banks = (serial?: number) => ({ version: 1, serial, hosts: { 'b.test': { pins: [pinOf(3), pinOf(4)] } } })

/** A serial that is `undefined` is no key of a JSON document. */
const json = (document: unknown): unknown => JSON.parse(JSON.stringify(document))

function several(t: TestContext) {
  const first = new ControllableSource('partners')
  const second = new ControllableSource('banks')
  const stage = storeOver(t, { sources: [first, second] })
  async function load(left: unknown, right: unknown, versions: readonly [string?, string?] = []) {
    const outcome = stage.store.refresh().then(() => undefined, findPinnedFetchError)
    await first.latest().answer(json(left), versions[0])
    await second.latest().answer(json(right), versions[1])
    return await outcome
  }
  const hosts = () => [...(stage.store.latest?.policy.hosts.entries() ?? [])].map(({ pattern }) => pattern.text)
  return { ...stage, first, second, load, hosts }
}

describe('several sources', () => {
  it('are asked at once and joined', async (t) => {
    const { first, second, store, load, hosts, refreshes } = several(t)
    assert.equal(await load(partners(), banks(), ['p1', 'b1']), undefined)
    assert.deepEqual(hosts(), ['a.test', 'b.test'])
    assert.deepEqual([first.loads.length, second.loads.length], [1, 1])
    assert.equal(store.latest?.version, 'p1,b1')
    assert.equal(refreshes()[0]?.source, 'partners, banks')
  })

  it('give no policy while one of them fails, and the failure names that one', async (t) => {
    const { first, second, store, failures } = several(t)
    const call = assert.rejects(async () => await store.rules(), { code: 'ERR_POLICY_UNAVAILABLE' })
    await first.latest(1).answer(partners())
    await second.latest(1).fail(new Error('no access to banks'))
    await call
    assert.equal(store.latest, undefined)
    assert.match(failures()[0]?.message ?? '', /no access to banks/)
  })

  it('serve the last good whole when one of them fails later', async (t) => {
    const { first, second, store, load, hosts, failures } = several(t)
    await load(partners(), banks())
    const refreshed = assert.rejects(store.refresh())
    await second.latest(2).fail(new Error('down'))
    await first.latest(2).answer({ 'new.test': [pinOf(1)] })
    await refreshed
    assert.deepEqual(hosts(), ['a.test', 'b.test'])
    assert.equal(failures().length, 1)
  })

  it('may not have a host in common', async (t) => {
    const { load, hosts } = several(t)
    const error = await load(partners(), { 'A.test.': [pinOf(9)] })
    assert.equal(error?.code, 'ERR_POLICY_MALFORMED')
    assert.match(error?.message ?? '', /"partners" and in "banks"/)
    assert.deepEqual(hosts(), [])
  })

  it('are malformed each by its own name', async (t) => {
    const { load } = several(t)
    assert.match((await load(partners(), {}))?.message ?? '', /of banks: the document/)
    assert.match((await load([], banks()))?.message ?? '', /of partners: the document/)
  })

  it('are new when any of them is', async (t) => {
    const { load, refreshes } = several(t)
    await load(partners(), banks(), ['p1', 'b1'])
    await load(partners(), banks(), ['p1', 'b1'])
    await load(partners(), banks(), ['p1', 'b2'])
    assert.deepEqual(
      refreshes().map(({ changed }) => changed),
      [true, false, true],
    )
  })
})

describe('a serial', () => {
  it('may not fall in one source while it rises in the other', async (t) => {
    const { load, hosts } = several(t)
    await load(partners(5), banks(5))
    const error = await load({ ...partners(9), hosts: { 'c.test': { pins: [pinOf(1)] } } }, banks(4))
    assert.equal(error?.code, 'ERR_POLICY_ROLLED_BACK')
    assert.deepEqual(error?.evidence, { source: 'banks', serial: 4, lastSerial: 5 })
    assert.deepEqual(hosts(), ['a.test', 'b.test'])
  })

  it('may not vanish', async (t) => {
    const { load } = several(t)
    await load(partners(5), banks())
    const error = await load(partners(), banks())
    assert.deepEqual(error?.evidence, { source: 'partners', lastSerial: 5 })
  })

  it('of a document that was refused counts for nothing', async (t) => {
    const { load, store } = several(t)
    await load(partners(5), banks(5))
    assert.equal((await load(partners(9), {}))?.code, 'ERR_POLICY_MALFORMED')
    assert.equal(await load(partners(6), banks(5)), undefined)
    assert.ok(store.latest !== undefined)
  })

  it('may appear, stay and rise', async (t) => {
    const { load } = several(t)
    for (const [left, right] of [
      [undefined, undefined],
      [0, undefined],
      [0, 7],
      [1, 7],
    ] as const) {
      assert.equal(await load(partners(left), banks(right)), undefined)
    }
  })
})
