/** One load of all sources: its deadline, and how a freeze is recognised. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Flight } from '../../lib/source/flight.ts'
import { ControllableSource, settled } from './controllable-source.ts'
import { SettableClocks } from './settable-clocks.ts'

function flightOver(deadline: number, ...names: readonly string[]) {
  const sources = names.map((name) => new ControllableSource(name))
  const clock = new SettableClocks()
  const flight = new Flight(sources, deadline, clock)
  const outcome = flight.documents.then(
    (documents) => documents.map(({ document }) => document),
    (error: Error) => error.message,
  )
  return { sources, clock, flight, outcome }
}

describe('a flight', () => {
  it('brings the documents in the order of the sources, whichever came first', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { sources, outcome } = flightOver(100, 'a', 'b')
    await sources[1]?.latest(1).answer('of b')
    await sources[0]?.latest(1).answer('of a')
    assert.deepEqual(await outcome, ['of a', 'of b'])
  })

  it('fails with the first of them that fails', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { sources, outcome } = flightOver(100, 'a', 'b')
    await sources[1]?.latest(1).fail(new Error('b is down'))
    assert.equal(await outcome, 'b is down')
  })

  it('ends at its deadline though no source ever answers, and tells them to stop', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { sources, outcome } = flightOver(100, 'a', 'b')
    t.mock.timers.tick(100)
    assert.equal(await outcome, 'no answer within 100 ms')
    assert.deepEqual(
      sources.map((source) => source.latest(1).signal?.aborted),
      [true, true],
    )
  })

  it('is not lengthened by being hastened', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { flight, outcome } = flightOver(100, 'a')
    flight.hasten(1_000)
    t.mock.timers.tick(100)
    assert.equal(await outcome, 'no answer within 100 ms')
  })

  it('is over sooner when it is hastened, counted from then', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { clock, flight, outcome, sources } = flightOver(1_000, 'a')
    clock.pass(300)
    t.mock.timers.tick(300)
    flight.hasten(200)
    t.mock.timers.tick(199)
    assert.equal(sources[0]?.latest(1).signal?.aborted, false)
    t.mock.timers.tick(1)
    assert.equal(await outcome, 'no answer within 500 ms')
  })

  it('slept when it takes longer than its deadline allows, by either clock', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    for (const move of ['pass', 'jump', 'stall'] as const) {
      const { clock, flight } = flightOver(1_000, 'a')
      clock[move](1_500)
      assert.equal(flight.slept, false)
      clock[move](1)
      assert.deepEqual([flight.slept, flight.isTold], [true, false])
      flight.giveUp()
      flight.documents.catch(() => undefined)
    }
  })

  it('slept when that is told, unless it is so young that the thaw began it', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { clock, flight, sources } = flightOver(1_000, 'a')
    clock.pass(499)
    flight.thaw()
    assert.equal(flight.slept, false)
    clock.pass(1)
    flight.thaw()
    await settled()
    assert.deepEqual([flight.slept, flight.isTold, sources[0]?.latest(1).signal?.aborted], [true, true, true])
  })
})
