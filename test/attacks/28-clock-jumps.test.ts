/**
 * Row 28, second half: clocks that jump.
 *
 *     invocation ──▶ │ frozen for an hour; timers stand still, the peer and the wall clock do not │ ──▶ invocation
 *     invocation ──▶ │ the wall clock is turned back by NTP, or by who wants an old policy to live │ ──▶ invocation
 *
 * Every age is the greater of what the two clocks say, so neither a stalled nor a turned-back clock keeps a revoked pin
 * alive; and an idle connection of which nobody can say how old it is, is not used.
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { assembleGuard } from '../../lib/guard.ts'
import type { GuardEvent } from '../../lib/index.ts'
import { SettableClocks } from '../source/settable-clocks.ts'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { assertAccepted, assertRefused, codeOf, lookupLoopback, SURFACES, type Surface } from './surfaces.ts'

const root = await rootAuthority('Clock Root')
const stranger = await rootAuthority('Stranger')
const leaf = await leafOf(root, ['api.partner.test'])

const CACHE_EXPIRY_MS = 60_000
const MAX_STALE_MS = 600_000

/** Past twice cacheExpiry, when the first call must wait for the policy of now, and still within maxStale. */
const LONG_MS = 5 * CACHE_EXPIRY_MS

const FREEZES: readonly (readonly [what: string, freeze: (clock: SettableClocks, milliseconds: number) => void])[] = [
  ['time passed on both clocks', (clock, milliseconds) => clock.pass(milliseconds)],
  ['the monotonic clock stood still', (clock, milliseconds) => clock.jump(milliseconds)],
  ['the wall clock stood still', (clock, milliseconds) => clock.stall(milliseconds)],
  [
    'the wall clock was turned back',
    (clock, milliseconds) => {
      clock.stall(milliseconds)
      clock.jump(-2 * milliseconds)
    },
  ],
]

async function watched(t: TestContext, surface: Surface) {
  const server = await startTlsServer(presented(leaf))
  t.after(() => server.close())
  const clock = new SettableClocks()
  const events: GuardEvent[] = []
  let pins: readonly string[] | undefined = [leaf.pin, root.pin]
  const source = {
    name: 'a source of this test',
    load: async () => {
      if (pins === undefined) throw new Error('the source is down')
      return { document: { 'api.partner.test': pins } }
    },
  }
  const observer = (event: GuardEvent) => void events.push(event)
  const times = { cacheExpiry: CACHE_EXPIRY_MS, maxStale: MAX_STALE_MS }
  const common = { ca: root.certificate, lookup: lookupLoopback, metrics: false, observer } as const
  const guard = assembleGuard({ source, ...times, ...common }, clock)
  t.after(() => guard.close())
  const call = () => surface.call(guard, `https://api.partner.test:${server.port}/`)
  const publish = (next: readonly string[] | undefined) => {
    pins = next
  }
  return { server, clock, events, call, publish }
}

for (const surface of SURFACES) {
  for (const [what, freeze] of FREEZES) {
    describe(`after a freeze in which ${what} (${surface.name})`, () => {
      it('the first call waits for the policy of now, and a pin revoked meanwhile lets nothing through', async (t) => {
        const { server, clock, events, call, publish } = await watched(t, surface)
        await assertAccepted(call, server)
        publish([stranger.pin])
        freeze(clock, LONG_MS)
        await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server, events })
      })

      it('a policy that cannot be refreshed is too old to serve', async (t) => {
        const { server, clock, events, call, publish } = await watched(t, surface)
        await assertAccepted(call, server)
        const before = server.recording.bytes
        publish(undefined)
        freeze(clock, MAX_STALE_MS + 1)
        await assert.rejects(call(), (error) => codeOf(error) === 'ERR_POLICY_STALE')
        assert.equal(server.recording.bytes, before)
        assert.ok(events.some(({ type }) => type === 'policy-refresh-failed'))
      })
    })
  }

  describe(`an idle connection (${surface.name})`, () => {
    for (const [what, jump] of [
      ['slept through a freeze', (clock: SettableClocks) => clock.jump(5_000)],
      ['is of unknown age, the clock having been turned back', (clock: SettableClocks) => clock.jump(-5_000)],
    ] as const) {
      it(`that ${what} is not used again`, async (t) => {
        const { server, clock, call } = await watched(t, surface)
        // An undici pool may open a second connection before it settles on one.
        for (let warming = 0; warming < 4; warming++) await assertAccepted(call, server)
        const before = server.recording.received.map(({ connection }) => connection)
        assert.ok(new Set(before).size < before.length, 'no connection is used twice, so this test shows nothing')
        jump(clock)
        await assertAccepted(call, server)
        const after = server.recording.received.at(-1)?.connection
        assert.ok(after !== undefined && !before.includes(after))
      })
    }
  })

  it(`calls go on after the clock was turned back or set forward by a minute (${surface.name})`, async (t) => {
    const { server, clock, call } = await watched(t, surface)
    await assertAccepted(call, server)
    for (const milliseconds of [-60_000, 60_000, 60_000, -60_000]) {
      clock.jump(milliseconds)
      await assertAccepted(call, server)
    }
  })
}
