import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type KnownSession, SessionCache, type SessionPlace } from '../../lib/net/sessions.ts'
import { onePath, TRUST_ID } from '../judged.ts'

/** Sessions that the cache keeps. */
const MAX_SESSIONS = 100

const placeOf = (index: number): SessionPlace => ({ host: `h${index}.test`, port: 443, trustId: TRUST_ID })

function sessionOf(ticket: string): KnownSession {
  assert.ok(onePath.verified)
  return { ticket: Buffer.from(ticket), proof: onePath.verified }
}

function full(): SessionCache {
  const cache = new SessionCache()
  for (let index = 0; index < MAX_SESSIONS; index++) cache.set(placeOf(index), sessionOf('first'))
  return cache
}

describe('a session that replaces the one of its place, when no place is left', () => {
  it('pushes no other out', () => {
    const cache = full()
    cache.set(placeOf(50), sessionOf('second'))
    const kept = Array.from({ length: MAX_SESSIONS }, (_, index) => cache.get(placeOf(index)))
    assert.equal(
      kept.every((session) => session !== undefined),
      true,
    )
    assert.equal(cache.get(placeOf(50))?.ticket.toString(), 'second')
  })

  it('is the youngest from then on', () => {
    const cache = full()
    cache.set(placeOf(0), sessionOf('second'))
    cache.set(placeOf(MAX_SESSIONS), sessionOf('first'))
    assert.equal(cache.get(placeOf(0))?.ticket.toString(), 'second')
    assert.equal(cache.get(placeOf(1)), undefined)
  })
})
