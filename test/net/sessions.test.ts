import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type KnownSession, SessionCache, type SessionPlace } from '../../lib/net/sessions.ts'
import { onePath, TRUST_ID } from '../judged.ts'

/** Sessions that the cache keeps. */
const MAX_SESSIONS = 100

const place: SessionPlace = { host: 'a.test', port: 443, trustId: TRUST_ID }

function sessionOf(ticket: string): KnownSession {
  assert.ok(onePath.verified)
  return { ticket: Buffer.from(ticket), proof: onePath.verified }
}

const ticketAt = (cache: SessionCache, where: SessionPlace) => cache.get(where)?.ticket.toString()

describe('a TLS session', () => {
  it('comes back with what it proved, to the place that it was made at', () => {
    const cache = new SessionCache()
    const session = sessionOf('first')
    cache.set(place, session)
    assert.equal(cache.get({ ...place }), session)
  })

  it('comes back to no other host, port or trust set', () => {
    const cache = new SessionCache()
    cache.set(place, sessionOf('first'))
    const others = [
      { host: 'b.test' },
      { port: 8443 },
      { trustId: 'other' },
      { host: 'test', trustId: `${TRUST_ID} 443 a.` },
    ]
    for (const other of others) assert.equal(cache.get({ ...place, ...other }), undefined)
  })

  it('is replaced by the one that comes later: servers send several, and the last is good the longest', () => {
    const cache = new SessionCache()
    cache.set(place, sessionOf('first'))
    cache.set(place, sessionOf('second'))
    assert.equal(ticketAt(cache, place), 'second')
  })

  it('is gone when it is deleted, and all are when the guard closes', () => {
    const cache = new SessionCache()
    const other = { ...place, host: 'b.test' }
    cache.set(place, sessionOf('first'))
    cache.set(other, sessionOf('second'))
    cache.delete(place)
    assert.deepEqual([ticketAt(cache, place), ticketAt(cache, other)], [undefined, 'second'])
    cache.clear()
    assert.equal(ticketAt(cache, other), undefined)
  })
})

describe('the cache of sessions', () => {
  const hostAt = (index: number) => ({ ...place, host: `host-${index}.test` })

  it(`holds ${MAX_SESSIONS}, and lets the one go that was stored the longest ago`, () => {
    const cache = new SessionCache()
    for (let index = 0; index < MAX_SESSIONS; index++) cache.set(hostAt(index), sessionOf(String(index)))
    cache.set(hostAt(0), sessionOf('renewed'))
    cache.set(hostAt(MAX_SESSIONS), sessionOf('one more'))
    assert.equal(ticketAt(cache, hostAt(0)), 'renewed')
    assert.equal(ticketAt(cache, hostAt(1)), undefined)
    assert.equal(ticketAt(cache, hostAt(2)), '2')
    assert.equal(ticketAt(cache, hostAt(MAX_SESSIONS)), 'one more')
  })

  it('makes room for no more than is needed', () => {
    const cache = new SessionCache()
    for (let index = 0; index < 10 * MAX_SESSIONS; index++) cache.set(hostAt(index), sessionOf(String(index)))
    const kept = Array.from({ length: 10 * MAX_SESSIONS }, (_, index) => cache.get(hostAt(index))).filter(Boolean)
    assert.equal(kept.length, MAX_SESSIONS)
  })
})
