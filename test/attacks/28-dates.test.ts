/**
 * Row 28, first half: dates in the policy.
 *
 *     pin expires            ──▶  it no longer matches; what else is pinned goes on
 *     host expires           ──▶  enforced on, or "report" where the document says so; never silently allowed
 *     reportUntil (break-glass) ─▶  enforced again by itself, also on the connections it let through
 *     a date that is none    ──▶  the document is refused, and every call with it
 *
 * Dates are read by the wall clock at each call, not when the policy is loaded. The second half, clocks that jump, is in
 * 28-clock-jumps.test.ts.
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { assembleGuard } from '../../lib/guard.ts'
import type { GuardEvent } from '../../lib/index.ts'
import { SettableClocks } from '../source/settable-clocks.ts'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { assertAccepted, assertRefused, codeOf, lookupLoopback, SURFACES, type Surface } from './surfaces.ts'

const root = await rootAuthority('Date Root')
const stranger = await rootAuthority('Stranger')
const leaf = await leafOf(root, ['api.partner.test'])

/** Well below the four seconds after which an idle connection is not used anyway. */
const SOON_MS = 2_000

function digest(pin: string): string {
  return pin.replace('sha256/', '')
}

async function watched(t: TestContext, entry: (soon: string) => object, surface: Surface) {
  const server = await startTlsServer(presented(leaf))
  t.after(() => server.close())
  const clock = new SettableClocks()
  const events: GuardEvent[] = []
  const policy = { version: 1, hosts: { 'api.partner.test': entry(new Date(clock.now() + SOON_MS).toISOString()) } }
  const observer = (event: GuardEvent) => void events.push(event)
  const common = { ca: root.certificate, lookup: lookupLoopback, metrics: false, observer } as const
  const guard = assembleGuard({ policy, ...common }, clock)
  t.after(() => guard.close())
  const call = () => surface.call(guard, `https://api.partner.test:${server.port}/`)
  const reports = () => events.filter(({ type }) => type === 'pin-report').length
  return { server, clock, events, call, reports }
}

for (const surface of SURFACES) {
  describe(`a date of the policy passes (${surface.name}):`, () => {
    it('an expired pin lets nothing through, not even on the connection that it opened', async (t) => {
      const pins = (expires: string) => ({ pins: [{ sha256: digest(leaf.pin), expires }] })
      const { server, clock, events, call } = await watched(t, pins, surface)
      await assertAccepted(call, server)
      clock.pass(SOON_MS - 1)
      await assertAccepted(call, server)
      clock.pass(1)
      await assertRefused(call, { code: 'ERR_PINS_EXPIRED', server, events })
      clock.pass(86_400_000)
      await assertRefused(call, { code: 'ERR_PINS_EXPIRED', server, events })
    })

    it('the pins that have not expired go on', async (t) => {
      const pins = (expires: string) => ({ pins: [{ sha256: digest(leaf.pin), expires }, root.pin] })
      const { server, clock, events, call } = await watched(t, pins, surface)
      await assertAccepted(call, server)
      clock.pass(SOON_MS)
      await assertAccepted(call, server)
      // By another connection or the same; what has changed is which pin speaks for it.
      clock.pass(10_000)
      await assertAccepted(call, server)
      assert.ok(events.some((event) => event.type === 'connection-accepted' && event.pin === root.pin))
    })

    it('a host that has expired is enforced on', async (t) => {
      const wrong = await watched(t, (expires) => ({ pins: [stranger.pin], expires }), surface)
      wrong.clock.pass(SOON_MS)
      const { server, events } = wrong
      await assertRefused(wrong.call, { code: 'ERR_PIN_MISMATCH', server, events })
      const right = await watched(t, (expires) => ({ pins: [leaf.pin], expires }), surface)
      right.clock.pass(SOON_MS)
      await assertAccepted(right.call, right.server)
    })

    it('a host that has expired is reported, where "onExpiry" says so, and only from then on', async (t) => {
      const entry = (expires: string) => ({ pins: [stranger.pin], expires, onExpiry: 'report' })
      const { server, clock, events, call, reports } = await watched(t, entry, surface)
      await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server, events })
      clock.pass(SOON_MS)
      await assertAccepted(call, server)
      assert.equal(reports(), 1)
    })

    it('break-glass ends by itself, also on the connections that it let through', async (t) => {
      const entry = (reportUntil: string) => ({ pins: [stranger.pin], mode: 'report', reportUntil })
      const { server, clock, events, call, reports } = await watched(t, entry, surface)
      await assertAccepted(call, server)
      assert.equal(reports(), 1)
      clock.pass(SOON_MS)
      await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server, events })
    })

    it('a certificate that has expired since speaks for nothing, also on an open connection', async (t) => {
      const { server, clock, events, call } = await watched(t, () => ({ pins: [root.pin] }), surface)
      const notAfter = new Date(Math.floor(clock.now() / 1000) * 1000 + 60_000)
      server.present(presented(await leafOf(root, ['api.partner.test'], { notAfter })))
      clock.pass(58_000)
      await assertAccepted(call, server)
      clock.pass(3_000)
      await assertRefused(call, { code: 'ERR_PATH_NOT_VERIFIED', server, events })
    })
  })

  describe(`a date that is none refuses the document, and every call (${surface.name}):`, () => {
    const noDates = ['2027-02-30T00:00:00Z', '2027-06-30', '2027-06-30T00:00:00', '2027-06-30T24:00:00Z', 'never', '']
    for (const date of [...noDates, 1_814_313_600_000, null, '9999999-01-01T00:00:00Z']) {
      it(JSON.stringify(date), async (t) => {
        for (const entry of [
          { pins: [{ sha256: digest(leaf.pin), expires: date }] },
          { pins: [leaf.pin], expires: date },
          { pins: [leaf.pin], reportUntil: date },
        ]) {
          const { server, events, call } = await watched(t, () => entry, surface)
          await assert.rejects(call(), (error) => codeOf(error) === 'ERR_POLICY_MALFORMED')
          assert.equal(server.recording.connections, 0)
          assert.ok(events.some(({ type }) => type === 'policy-refresh-failed'))
        }
      })
    }
  })
}
