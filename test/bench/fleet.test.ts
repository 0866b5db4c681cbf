/** A small fleet through two hours: what must hold for every environment, whatever the seed. */

import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { runFleet } from './fleet/run.ts'
import { type FleetResult, type FleetRow, fleetTable } from './fleet/table.ts'

const ENVIRONMENTS = 200

let result: FleetResult

before(async () => {
  result = await runFleet({ environments: ENVIRONMENTS, seed: 7 })
})

function rowOf(name: string): FleetRow {
  return result.rows.find((row) => row.name === name) ?? assert.fail(`no row "${name}"`)
}

for (const [name, cacheExpiry] of [
  ['pinned-fetch', 300],
  ['pinned-fetch, cacheExpiry 150 s', 150],
  ['pinned-fetch, extension', 300],
] as const) {
  describe(`a fleet of ${name}`, () => {
    it('fails no call of an environment that has had pins: not in an outage, not when throttled', () => {
      for (const [phase, { failedWithPins, crashes }] of Object.entries(rowOf(name).phases)) {
        assert.deepEqual([failedWithPins, crashes], [0, 0], phase)
      }
      assert.equal(rowOf(name).phases.start.failedWithout, 0)
    })

    it('is judged by no pins older than twice cacheExpiry, and a revoked one lives no longer', () => {
      const { phases, rotation, outageRotation } = rowOf(name)
      assert.ok(phases.hour.ages.max <= 2_000 * cacheExpiry, `${phases.hour.ages.max} ms`)
      assert.ok(rotation.environments > ENVIRONMENTS / 2, `${rotation.environments} environments made calls`)
      assert.ok(rotation.max <= 2 * cacheExpiry, `${rotation.max} s`)
      assert.ok(outageRotation.max <= 2 * cacheExpiry, `${outageRotation.max} s after the outage`)
    })

    it('never asks in step: no second has more than a twentieth of the fleet in it, after an outage neither', () => {
      const { hour, scaling, recovery } = rowOf(name).phases
      for (const { peakPerSecond } of [hour, scaling, recovery]) {
        assert.ok(peakPerSecond <= ENVIRONMENTS / 20, `${peakPerSecond} requests in one second`)
      }
    })
  })
}

describe('what a user would have instead', () => {
  it('fails calls in the outage, or keeps a revoked pin for ever', () => {
    assert.ok(rowOf('Middy, cacheExpiry 300 s').phases.outage.failedWithPins > 0)
    assert.ok(rowOf('Powertools, maxAge 300 s').phases.outage.failedWithPins > 0)
    assert.ok(rowOf('Middy, default (for ever)').rotation.max > 700)
  })
})

describe('a run', () => {
  it('repeats itself', async () => {
    const again = await runFleet({ environments: ENVIRONMENTS, seed: 7, only: ['pinned-fetch'] })
    assert.deepEqual(again.rows[0], rowOf('pinned-fetch'))
  })

  it('leaves the clocks and the chance of the process as they were', () => {
    assert.ok(Math.abs(Date.now() - performance.timeOrigin - performance.now()) < 60_000)
    assert.equal(new Date().constructor, Date)
    assert.match(String(setTimeout), /function setTimeout/)
  })

  it('is told in one table', () => {
    assert.equal(
      fleetTable(result)
        .split('\n')
        .filter((line) => line.startsWith('|')).length,
      14,
    )
  })
})
