import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { workThrough } from '../../lib/watch/crew.ts'

describe('work on many things', () => {
  it('is done by as many at once as were asked for, and gives its results in order', async () => {
    let running = 0
    let most = 0
    const results = await workThrough([...Array(20).keys()], 3, async (item) => {
      most = Math.max(most, ++running)
      await new Promise(setImmediate)
      running -= 1
      return item * 2
    })
    assert.equal(most, 3)
    assert.deepEqual(
      results,
      [...Array(20).keys()].map((item) => item * 2),
    )
  })
})
