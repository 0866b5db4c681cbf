import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PinnedFetchError } from '../../lib/errors.ts'
import { type GuardEvent, type Observer, REPORT_WINDOW_MS } from '../../lib/events.ts'
import type { Call, Rules, Verdict } from '../../lib/judge.ts'
import { judgeCall } from '../../lib/judge.ts'
import { Reporter } from '../../lib/net/reporter.ts'
import type { PathResult } from '../../lib/x509/path.ts'
import { HTTP, HTTPS, leaf, NOW, onePath, pins, rulesOf, stranger, twoPaths, verdictOf } from '../judged.ts'
import { HOST } from '../x509/question.ts'

const DAY_MS = 86_400_000

/** Findings that the reporter remembers. */
const MAX_REMEMBERED = 1_000

const place = { host: HOST, port: 443, pattern: HOST }
const atDay = (days: number) => new Date(NOW + days * DAY_MS).toISOString()

/** A reporter whose events are kept. */
function recording(...others: readonly Observer[]) {
  const events: GuardEvent[] = []
  const reporter = new Reporter([...others, (event) => events.push(event)])
  return { reporter, events, types: () => events.map(({ type }) => type) }
}

function failed(verdict: Verdict): Extract<Verdict, { error: PinnedFetchError }> {
  assert.ok(verdict.decision !== 'accept')
  return verdict
}

function accepted(verdict: Verdict): Extract<Verdict, { decision: 'accept' }> {
  assert.ok(verdict.decision === 'accept')
  return verdict
}

const reported = () => failed(verdictOf(rulesOf({ pins: pins(stranger), mode: 'report' })))
const succeed = (
  reporter: Reporter,
  rules: Rules,
  { now = NOW, path = onePath, call = HTTPS }: { now?: number; path?: PathResult; call?: Call } = {},
) => reporter.success(accepted(verdictOf(rules, path, now)), call, { path, resumed: false, now })

describe('a refused call is told', () => {
  it('every time, as a failure of a pin', () => {
    const { reporter, events } = recording()
    const verdict = failed(verdictOf(rulesOf({ pins: pins(stranger) })))
    for (let time = 0; time < 3; time++) reporter.failure(verdict, HTTPS, NOW)
    assert.deepEqual(events, Array(3).fill({ type: 'pin-failure', ...place, error: verdict.error }))
  })

  it('as a refused host when no entry covers it, or when it is called in the clear', () => {
    const { reporter, events } = recording()
    reporter.failure(failed(judgeCall(rulesOf(undefined), HTTPS)), HTTPS, NOW)
    reporter.failure(failed(judgeCall(rulesOf({ pins: pins(leaf) }), HTTP)), HTTP, NOW)
    assert.deepEqual(
      events.map((event) => 'error' in event && [event.type, event.port, event.pattern, event.error.code]),
      [
        ['host-refused', 443, undefined, 'ERR_HOST_NOT_COVERED'],
        ['host-refused', 80, HOST, 'ERR_PLAINTEXT_REFUSED'],
      ],
    )
  })

  it('also when its host is none', () => {
    const { reporter, events } = recording()
    const error = new PinnedFetchError('ERR_HOST_NOT_COVERED', { host: 'a..test', port: 443, protocol: 'https:' })
    reporter.refusal(error, { host: 'a..test', port: 443 })
    assert.deepEqual(events, [{ type: 'host-refused', host: 'a..test', port: 443, pattern: undefined, error }])
  })

  it('with Node’s own code when TLS refused the peer', () => {
    const { reporter, events } = recording()
    const { entry } = verdictOf(rulesOf({ pins: pins(leaf) }))
    assert.ok(entry)
    reporter.tlsFailure(HTTPS, entry, 'CERT_HAS_EXPIRED')
    assert.deepEqual(events, [{ type: 'tls-failure', ...place, code: 'CERT_HAS_EXPIRED' }])
  })
})

describe('a call that report mode lets through is told', () => {
  it('once in a window, however many calls find the same', () => {
    const { reporter, types } = recording()
    for (const now of [NOW, NOW + 1, NOW + REPORT_WINDOW_MS - 1]) reporter.failure(reported(), HTTPS, now)
    assert.deepEqual(types(), ['pin-report'])
    reporter.failure(reported(), HTTPS, NOW + REPORT_WINDOW_MS)
    reporter.failure(reported(), HTTPS, NOW + 2 * REPORT_WINDOW_MS - 1)
    assert.deepEqual(types(), ['pin-report', 'pin-report'])
  })

  it('again when the clock went back: nobody knows how long ago the last time was', () => {
    const { reporter, types } = recording()
    reporter.failure(reported(), HTTPS, NOW)
    reporter.failure(reported(), HTTPS, NOW - 1)
    assert.equal(types().length, 2)
  })

  it('apart for another host, port, code or leaf', () => {
    const { reporter, types } = recording()
    const tell = (verdict: Verdict, call = HTTPS) => reporter.failure(failed(verdict), call, NOW)
    for (let time = 0; time < 2; time++) {
      tell(reported())
      tell(reported(), { ...HTTPS, port: 8443 })
      tell(reported(), { ...HTTPS, host: 'b.test' })
      tell(verdictOf(rulesOf({ pins: [{ sha256: leaf.pin.slice(7), expires: atDay(-1) }], mode: 'report' })))
      tell(judgeCall(rulesOf(undefined, { default: 'report' }), HTTPS))
    }
    assert.equal(types().length, 5)
  })

  it(`again after ${MAX_REMEMBERED} other findings: what is remembered has a bound`, () => {
    const { reporter, types } = recording()
    const tell = (index: number) => reporter.failure(reported(), { ...HTTPS, host: `host-${index}.test` }, NOW)
    for (let index = 0; index < MAX_REMEMBERED; index++) tell(index)
    tell(0)
    assert.equal(types().length, MAX_REMEMBERED)
    tell(MAX_REMEMBERED)
    tell(0)
    assert.equal(types().length, MAX_REMEMBERED + 2)
  })
})

describe('an accepted connection is told', () => {
  it('with the pin that matched, each time', () => {
    const { reporter, events } = recording()
    const rules = rulesOf({ pins: pins(leaf) })
    succeed(reporter, rules)
    reporter.success(accepted(verdictOf(rules)), HTTPS, { path: onePath, resumed: true, now: NOW })
    const told = events.filter(({ type }) => type === 'connection-accepted')
    assert.deepEqual(told, [
      { type: 'connection-accepted', ...place, pin: leaf.pin, resumed: false },
      { type: 'connection-accepted', ...place, pin: leaf.pin, resumed: true },
    ])
  })

  it('without a pin for a host that no entry covers, and with no more than that', () => {
    const { reporter, events } = recording()
    succeed(reporter, rulesOf(undefined, { default: 'allow' }))
    assert.deepEqual(events, [
      { type: 'connection-accepted', ...place, pattern: undefined, pin: undefined, resumed: false },
    ])
  })

  it('as a rotation when a backup matched, once in a window', () => {
    const { reporter, events } = recording()
    const rules = rulesOf({ pins: [...pins(stranger), { sha256: leaf.pin.slice(7), name: 'next key' }] })
    for (const now of [NOW, NOW + 1, NOW + REPORT_WINDOW_MS]) succeed(reporter, rules, { now })
    const backup = { type: 'backup-pin-matched', ...place, pin: leaf.pin, name: 'next key' }
    assert.deepEqual(
      events.filter(({ type }) => type === 'backup-pin-matched'),
      [backup, backup],
    )
  })
})

describe('how long a host’s pins and certificates last is told', () => {
  const expiryOf = (entry: object, path = onePath) => {
    const { reporter, events } = recording()
    succeed(reporter, rulesOf(entry), { path })
    succeed(reporter, rulesOf(entry), { path })
    const told = events.filter((event) => event.type === 'expiry-observed')
    assert.equal(told.length, 1)
    return [told[0]?.daysToPinExpiry, told[0]?.daysToCertificateExpiry]
  }
  const until = (days: number) => ({ sha256: leaf.pin.slice(7), expires: atDay(days) })

  it('once for each host, in whole days, the certificates by the path that lasts the longest', () => {
    const end = Math.max(...(twoPaths.verified?.paths ?? []).map(({ validUntil }) => validUntil))
    assert.deepEqual(expiryOf({ pins: pins(leaf) }, twoPaths), [undefined, Math.floor((end - NOW) / DAY_MS)])
  })

  it('by the last pin of the list that ends first, or by the entry’s own end', () => {
    const other = { sha256: stranger.pin.slice(7) }
    assert.equal(expiryOf({ pins: [until(3), { ...other, expires: atDay(9) }] })[0], 9)
    assert.equal(expiryOf({ pins: [until(3), other] })[0], undefined)
    assert.equal(expiryOf({ pins: [until(3), other], expires: atDay(20) })[0], 20)
    assert.equal(expiryOf({ pins: pins(leaf), leafPins: [until(3)] })[0], 3)
  })
})

describe('an observer', () => {
  const event: GuardEvent = { type: 'warning', code: 'CODE', message: 'message' }

  it('that throws, synchronously or later, keeps nobody from being told and nothing from going on', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', note)
    const throwing = () => {
      throw new Error('observer')
    }
    const { reporter, events } = recording(
      throwing,
      async () => throwing(),
      () => Promise.reject(new Error('later')),
    )
    reporter.emit(event)
    assert.deepEqual(events, [event])
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    assert.deepEqual(unhandled, [])
  })

  it('that never ends is not waited for', () => {
    const { reporter, events } = recording(() => new Promise(() => undefined))
    reporter.emit(event)
    assert.deepEqual(events, [event])
  })

  it('is warned of each thing once', () => {
    const { reporter, events } = recording()
    for (const code of ['ONE', 'TWO', 'ONE']) reporter.warn(code, `message of ${code}`)
    assert.deepEqual(events, [
      { type: 'warning', code: 'ONE', message: 'message of ONE' },
      { type: 'warning', code: 'TWO', message: 'message of TWO' },
    ])
  })
})
