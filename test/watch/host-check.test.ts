import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findingsOf } from '../../lib/watch/finding.ts'
import { checkHost } from '../../lib/watch/host-check.ts'
import type { Seen } from '../../lib/watch/look.ts'
import { HTTPS, issuing, leaf, NOW, onePath, root, rulesOf, stranger, TRUST_ID } from '../judged.ts'

const DAY_MS = 86_400_000

const sighting: Seen = { call: HTTPS, path: onePath, trustId: TRUST_ID, problem: undefined }

const digest = ({ pin }: { readonly pin: string }) => pin.slice('sha256/'.length)

function checkOf(entry: object | undefined, rest: object = {}, seen: Seen = sighting) {
  return checkHost(rulesOf(entry, rest), seen, NOW)
}

const codesOf = (entry: object) => findingsOf(checkOf(entry), 30).map(({ code }) => code)

describe('a host held against a policy', () => {
  it('has drifted when only a backup matches, in either of two lists', () => {
    assert.equal(checkOf({ pins: [leaf.pin, stranger.pin] }).isDrifted, undefined)
    assert.equal(checkOf({ pins: [stranger.pin, leaf.pin] }).isDrifted, true)
    const moved = { leafPins: [leaf.pin], issuerPins: [stranger.pin, issuing.pin] }
    assert.equal(checkOf(moved).isDrifted, true)
    const told = findingsOf(checkOf(moved), 30).find(({ code }) => code === 'backup-matched')
    assert.ok(told?.message.includes(issuing.pin.slice(0, 15)), told?.message)
  })

  it('counts as backups what it does not show and what could still match', () => {
    const unseen = (entry: object, rest = {}) => checkOf(entry, rest).unseenPins
    assert.equal(unseen({ pins: [leaf.pin, stranger.pin] }), 1)
    assert.equal(unseen({ pins: [leaf.pin, stranger.pin, stranger.pin] }), 1)
    assert.equal(unseen({ pins: [leaf.pin, root.pin] }), 0)
    const past = { sha256: digest(stranger), expires: new Date(NOW - 1000).toISOString() }
    assert.equal(unseen({ pins: [leaf.pin, past] }), 0)
    assert.equal(unseen({ pins: [leaf.pin, stranger.pin] }, { deny: [stranger.pin] }), 0)
    assert.equal(unseen({ leafPins: [leaf.pin, issuing.pin] }), 1)
  })

  it('has no backup when every pin that could match is shown', () => {
    assert.deepEqual(codesOf({ pins: [leaf.pin, root.pin] }), ['no-unseen-backup'])
    const past = { sha256: digest(stranger), expires: new Date(NOW - DAY_MS).toISOString() }
    assert.deepEqual(codesOf({ pins: [leaf.pin, past] }), ['no-unseen-backup'])
    assert.deepEqual(codesOf({ pins: [leaf.pin, stranger.pin] }), [])
  })

  it('shows nothing that proves a pin when no path is verified', () => {
    const unverified: Seen = {
      ...sighting,
      path: { verified: undefined, presented: onePath.verified?.paths[0]?.certificates ?? [], reason: 'for a test' },
      problem: 'CERT_HAS_EXPIRED',
    }
    const { state, code, unseenPins, certificateDaysLeft, path, pins } = checkOf({ pins: [leaf.pin] }, {}, unverified)
    assert.deepEqual(
      [state, code, unseenPins, certificateDaysLeft],
      ['refused', 'CERT_HAS_EXPIRED', undefined, undefined],
    )
    assert.ok(path.length > 0 && path.every(({ isPinned }) => !isPinned) && pins.every(({ isSeen }) => !isSeen))
  })

  it('is refused by Node before its pins are, and for being uncovered before that', () => {
    const troubled: Seen = { ...sighting, problem: 'ERR_TLS_CERT_ALTNAME_INVALID' }
    const [covered, uncovered] = [checkOf({ pins: [stranger.pin] }, {}, troubled), checkOf(undefined, {}, troubled)]
    assert.deepEqual([covered.state, covered.code], ['refused', 'ERR_TLS_CERT_ALTNAME_INVALID'])
    assert.deepEqual([uncovered.state, uncovered.code], ['refused', 'ERR_HOST_NOT_COVERED'])
    const free = checkOf(undefined, { default: 'allow' })
    assert.deepEqual(
      [free.state, free.pattern, free.matched, free.unseenPins],
      ['accepted', undefined, undefined, undefined],
    )
  })

  it('that could not be asked keeps the code and what is known without it', () => {
    const expires = new Date(NOW + 5.5 * DAY_MS).toISOString()
    const rules = rulesOf({ pins: [{ sha256: digest(leaf), expires }] })
    const unseen = { call: HTTPS, path: undefined, code: 'ECONNREFUSED', reason: 'nothing listens there', hint: 'look' }
    const { state, code, problem, hint, pinDaysLeft, unseenPins } = checkHost(rules, unseen, NOW)
    assert.deepEqual([state, code, problem, hint], ['unreachable', 'ECONNREFUSED', 'nothing listens there', 'look'])
    assert.deepEqual([pinDaysLeft, unseenPins], [5, undefined])
  })
})
