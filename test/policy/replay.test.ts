import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Outcome, repairsOf, replayOf } from '../../lib/policy/replay.ts'

const day = (number: number) => Date.UTC(2026, 0, number)

const sightings = (...outcomes: readonly Outcome[]) =>
  outcomes.map((outcome, index) => ({ seen: day(1 + 10 * index), outcome }))

describe('a replay of untouched pins', () => {
  it('counts what is refused, each beginning of it, and the days that were covered', () => {
    const replay = replayOf(sightings('accepted', 'refused', 'refused', 'accepted', 'refused'))
    assert.deepEqual(replay, {
      chains: 5,
      refused: 3,
      invalid: 0,
      outages: 2,
      firstOutage: day(11),
      daysToFirst: 10,
      days: 40,
      daysCovered: 20,
    })
  })

  it('that refuses from the first chain on is one outage, from the first day', () => {
    const { outages, daysToFirst, daysCovered } = replayOf(sightings('refused', 'refused'))
    assert.deepEqual({ outages, daysToFirst, daysCovered }, { outages: 1, daysToFirst: 0, daysCovered: 0 })
  })

  it('asks no pin about a chain that does not verify: it neither begins an outage nor ends one', () => {
    const { invalid, refused, outages } = replayOf(sightings('invalid', 'refused', 'invalid', 'refused', 'accepted'))
    assert.deepEqual({ invalid, refused, outages }, { invalid: 2, refused: 2, outages: 1 })
  })

  it('of nothing is nothing', () => {
    assert.deepEqual(replayOf([]), {
      chains: 0,
      refused: 0,
      invalid: 0,
      outages: 0,
      firstOutage: undefined,
      daysToFirst: undefined,
      days: 0,
      daysCovered: 0,
    })
  })
})

describe('pins that are repaired after each outage', () => {
  const accepts = (pins: readonly string[], chain: string) => pins.includes(chain)
  const repairs = (...chains: readonly string[]) => repairsOf(chains, (chain) => [chain], accepts)

  it('break once for each key that was never seen before', () => {
    assert.equal(repairs('a', 'a', 'b', 'a', 'b', 'c', 'c'), 2)
  })

  it('never break where nothing changes', () => {
    assert.equal(repairs('a', 'a', 'a'), 0)
    assert.equal(repairs(), 0)
  })
})
