/** Whatever a source throws becomes one of our errors, and nothing it throws can make that fail. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PinnedFetchError } from '../../lib/errors.ts'
import { policyErrorOf } from '../../lib/source/failure.ts'

const malformed = new PinnedFetchError('ERR_POLICY_MALFORMED', { path: '', problem: 'is empty', repair: 'fill it' })

describe('what a source throws', () => {
  it('stays what it is when it says why there is no policy, also as the cause of another error', () => {
    assert.equal(policyErrorOf(malformed, 's'), malformed)
    assert.equal(policyErrorOf(new TypeError('fetch failed', { cause: malformed }), 's'), malformed)
  })

  it('becomes one of ours when it is about something else: a source that is called by a pinned fetch, say', () => {
    const other = new PinnedFetchError('ERR_HOST_NOT_COVERED', { host: 'a.test', port: 443, protocol: 'https:' })
    const error = policyErrorOf(other, 'the source')
    assert.equal(error.code, 'ERR_POLICY_UNAVAILABLE')
    assert.equal(error.cause, other)
  })

  it('is told by its name and the first line of its message, cut short', () => {
    const { message } = policyErrorOf(new RangeError(`${'x'.repeat(400)}\nsecond line`), 'the source')
    assert.match(message, /^No pin policy could be loaded from the source: RangeError: x{300}\n {2}hint/)
    assert.doesNotMatch(message, /second line/)
  })

  it('may be anything at all', () => {
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error('read me not')
        },
        has() {
          throw new Error('ask me not')
        },
      },
    )
    class Sly extends Error {
      override get message(): string {
        throw new Error('read me not')
      }
    }
    for (const thrown of [undefined, null, 0, '', 'text', Symbol('s'), {}, [], hostile, new Sly(), () => {}]) {
      const error = policyErrorOf(thrown, 'the source')
      assert.equal(error.code, 'ERR_POLICY_UNAVAILABLE')
      assert.match(error.message, /from the source: the source failed/)
    }
  })

  it('ends though its causes go round in a circle', () => {
    const first = new Error('first')
    first.cause = new Error('second', { cause: first })
    assert.equal(policyErrorOf(first, 's').code, 'ERR_POLICY_UNAVAILABLE')
  })
})
