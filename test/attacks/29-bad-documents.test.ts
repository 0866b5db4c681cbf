/**
 * Row 29, first half: what somebody may have put into the secret.
 *
 *     nothing, another application's password, half a document, pins of the wrong kind, yesterday's document
 *
 * None of it may ever mean "no pins, so allow", and none may replace a good document. The owner reads which secret it
 * is, what is wrong there and how to mend it; what stands in the secret is never repeated. The second half, the service
 * itself, is in 29-bad-service.test.ts.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { GuardEvent } from '../../lib/index.ts'
import {
  assertGoodOneServes,
  assertNothingServes,
  CONFIDENTIAL,
  type Expected,
  GOOD,
  PINS,
  SECRET,
  secretPolicy,
} from './secret-policy.ts'
import { assertAccepted } from './surfaces.ts'

const [PIN, BACKUP] = PINS

const malformed = (says: RegExp): Expected => ({ code: 'ERR_POLICY_MALFORMED', says })

const withPins = (...pins: readonly unknown[]) => JSON.stringify({ 'api.partner.test': pins })

const withEntry = (entry: unknown) => JSON.stringify({ version: 1, hosts: { 'api.partner.test': entry } })

const BAD: readonly (readonly [what: string, content: string | Uint8Array, expected: Expected])[] = [
  ['empty', '', malformed(/is empty/)],
  ['white space', ' \n\t ', malformed(/is empty/)],
  ['no bytes', Buffer.alloc(0), malformed(/is empty/)],
  ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0x80]), malformed(/not UTF-8 text.*\n.*compressed/)],
  ['compressed', gzipSync(GOOD), malformed(/not UTF-8 text.*\n.*compressed/)],
  ['over 64 KiB', GOOD + ' '.repeat(65_536), malformed(/the limit is 65536\n.*split the hosts/)],
  ['over 64 KiB in bytes, not in characters', `${GOOD}${'　'.repeat(22_000)}`, malformed(/the limit is 65536/)],
  ['a password', CONFIDENTIAL, malformed(/is not JSON.*\n.*JSON text/)],
  ['half a document', GOOD.slice(0, -1), malformed(/is not JSON/)],
  ['JSON with a comment', `${GOOD} // ${CONFIDENTIAL}`, malformed(/is not JSON.*\n.*without comments/)],
  ['a string', JSON.stringify(CONFIDENTIAL), malformed(/is a string/)],
  ['a document in a string', JSON.stringify(GOOD), malformed(/is a string.*\n.*parse the JSON/)],
  ['null', 'null', malformed(/is null/)],
  ['a list', JSON.stringify([CONFIDENTIAL]), malformed(/is an array/)],
  ['a number', '4711', malformed(/is a number/)],
  ['an empty object', '{}', malformed(/is an empty object/)],
  ['another secret', `{"username":"admin","password":"${CONFIDENTIAL}"}`, malformed(/username.*not an array of pins/)],
  ['no host', '{"version":1,"hosts":{}}', malformed(/no call could be made/)],
  ['a host without pins', withEntry({}), malformed(/has no pins/)],
  ['a host with no pin in its list', withEntry({ pins: [] }), malformed(/pins: is empty/)],
  ['no pin in the short form', withPins(), malformed(/is empty/)],
  ['pins that are null', withEntry({ pins: null }), malformed(/pins: is null/)],
  ['a wrong algorithm', withPins(`sha1/${Buffer.alloc(20).toString('base64')}`), malformed(/sha1 digest.*SHA-256/)],
  ['another wrong algorithm', withPins(PIN.replace('sha256', 'sha512')), malformed(/sha512 digest/)],
  ['a digest too short', withPins(`sha256/${Buffer.alloc(31).toString('base64')}`), malformed(/holds 31 bytes/)],
  ['a digest too long', withPins(`sha256/${Buffer.alloc(33).toString('base64')}`), malformed(/holds 33 bytes/)],
  ['a digest in hexadecimal', withPins(`sha256/${'ab'.repeat(32)}`), malformed(/is hexadecimal\n.*base64/)],
  ['a pin without prefix', withPins(PIN.replace('sha256/', '')), malformed(/write "sha256\/" before/)],
  ['a pin that is a password', withPins(PIN, CONFIDENTIAL), malformed(/\[1\]: does not begin with/)],
  ['one bad pin among good ones', withPins(PIN, BACKUP, 'sha256/'), malformed(/\[2\]: holds no digest/)],
  ['a key with a typing error', withEntry({ pins: PINS, expiers: CONFIDENTIAL }), malformed(/did you mean "expires"/)],
  ['another version', '{"version":2,"hosts":{}}', malformed(/version: is not 1/)],
]

describe('a secret that holds', () => {
  for (const [what, content, expected] of BAD) {
    it(`${what}: every call is refused, and none reaches the network`, async (t) => {
      const stage = await secretPolicy(t)
      stage.endpoint.put(SECRET, content)
      await assertNothingServes(stage, expected)
    })

    it(`${what}: the last good document serves on`, async (t) => {
      const stage = await secretPolicy(t)
      stage.endpoint.put(SECRET, GOOD)
      await assertGoodOneServes(stage, () => stage.endpoint.put(SECRET, content), expected)
    })
  }

  it('a good document as bytes is as good as text', async (t) => {
    const stage = await secretPolicy(t)
    stage.endpoint.put(SECRET, Buffer.from(GOOD))
    const { calls } = stage.openGuard()
    for (const call of calls) await assertAccepted(call, stage.server)
  })

  for (const [what, pins, code] of [
    ['one pin', [PIN], 'no-backup-pin'],
    ['the same pin twice', [PIN, PIN, BACKUP], 'duplicate-pin'],
    [
      'a pin of nothing beside a good one',
      [PIN, 'sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='],
      'pin-of-nothing',
    ],
  ] as const) {
    it(`${what} is used, with a warning`, async (t) => {
      const stage = await secretPolicy(t)
      stage.endpoint.put(SECRET, withPins(...pins))
      const { calls } = stage.openGuard()
      for (const call of calls) await assertAccepted(call, stage.server)
      assert.equal(warningsOf(stage.events, code), 1)
    })
  }
})

describe('a document that was rolled back', () => {
  const serial = (number: number | undefined) =>
    JSON.stringify({ version: 1, serial: number, hosts: { 'api.partner.test': { pins: PINS } } })

  for (const [what, back] of [
    ['to a lower serial', 6],
    ['to none', undefined],
    ['to zero', 0],
  ] as const) {
    it(`${what} is refused, and the newer one serves on`, async (t) => {
      const stage = await secretPolicy(t)
      stage.endpoint.put(SECRET, serial(7))
      const expected = { code: 'ERR_POLICY_ROLLED_BACK', says: /serial above 7/ }
      await assertGoodOneServes(stage, () => stage.endpoint.put(SECRET, serial(back)), expected)
    })
  }

  it('may be published again under the same or a higher serial', async (t) => {
    const stage = await secretPolicy(t)
    stage.endpoint.put(SECRET, serial(7))
    const { guard, calls } = stage.openGuard()
    for (const next of [7, 8]) {
      stage.endpoint.put(SECRET, serial(next))
      await guard.refresh()
    }
    for (const call of calls) await assertAccepted(call, stage.server)
    assert.equal(stage.events.filter(({ type }) => type === 'policy-refresh-failed').length, 0)
  })
})

it('a host in two secrets refuses both documents, and names both secrets', async (t) => {
  const other = 'prod/other-pins'
  const stage = await secretPolicy(t, { secretId: [SECRET, other] })
  stage.endpoint.put(SECRET, GOOD)
  stage.endpoint.put(other, GOOD)
  const says = /secret "prod\/partner-pins".*secret "prod\/other-pins"/
  await assertNothingServes(stage, { code: 'ERR_POLICY_MALFORMED', says })
})

function warningsOf(events: readonly GuardEvent[], code: string): number {
  return events.filter((event) => event.type === 'warning' && event.code.startsWith(code)).length
}
