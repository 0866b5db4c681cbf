/**
 * Row 30: report-only, the mode in which a policy is tried out.
 *
 *     wrong pin, valid chain    ──▶  answered, and told once a minute
 *     invalid chain, denied key ──▶  refused: "report" forgives a pin, never a path
 *     the one who is told throws, rejects, or never comes back  ──▶  the call doesn't notice
 *
 * A trial that blocks a call, drowns its owner in a thousand equal reports, or fails because its metrics fail, is the
 * end of pinning in that house. One that lets an interception through would be worse.
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { REPORT_WINDOW_MS } from '../../lib/events.ts'
import { assembleGuard } from '../../lib/guard.ts'
import type { GuardEvent, GuardOptions, LoadedDocument } from '../../lib/index.ts'
import { SettableClocks } from '../source/settable-clocks.ts'
import { intermediateOf, leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startPlainServer } from '../support/plain-server.ts'
import { type PresentedChain, startTlsServer } from '../support/tls-server.ts'
import {
  assertAccepted,
  assertRefused,
  codeOf,
  lookupLoopback,
  SURFACES,
  type Surface,
  watchedGuard,
} from './surfaces.ts'

const root = await rootAuthority('Report Root')
const stranger = await rootAuthority('Stranger')
const issuing = await intermediateOf(root, 'Report Issuing')
const leaf = await leafOf(issuing, ['api.partner.test', 'other.partner.test'])
const chain = presented(leaf, issuing)

const reporting = (entry: object = {}, document: object = {}) => ({
  version: 1,
  hosts: {
    'api.partner.test': { pins: [stranger.pin], mode: 'report', ...entry },
    'other.partner.test': { pins: [stranger.pin], mode: 'report' },
  },
  ...document,
})

async function watched(t: TestContext, surface: Surface, options: GuardOptions = { policy: reporting() }) {
  const server = await startTlsServer(chain)
  t.after(() => server.close())
  const { guard, events } = watchedGuard({ ca: root.certificate, ...options })
  t.after(() => guard.close())
  const call = (host = 'api.partner.test') => surface.call(guard, `https://${host}:${server.port}/`)
  return { server, guard, events, call }
}

function reportsIn(events: readonly GuardEvent[]) {
  return events.filter((event) => event.type === 'pin-report')
}

for (const surface of SURFACES) {
  describe(`report-only (${surface.name})`, () => {
    for (const [where, options] of [
      ['of the entry', { policy: reporting() }],
      ['of the option "mode"', { policy: { 'api.partner.test': [stranger.pin] }, mode: 'report' }],
      ['of a default', { policy: { version: 1, default: 'report', hosts: {} } }],
    ] as const) {
      it(`${where} lets a valid chain through, and tells what it would have done`, async (t) => {
        const { server, events, call } = await watched(t, surface, options)
        await assertAccepted(call, server)
        const [report, ...more] = reportsIn(events)
        assert.equal(more.length, 0)
        const code = where === 'of a default' ? 'ERR_HOST_NOT_COVERED' : 'ERR_PIN_MISMATCH'
        assert.deepEqual([report?.error.code, report?.host], [code, 'api.partner.test'])
        assert.ok(!events.some(({ type }) => type === 'pin-failure' || type === 'host-refused'))
      })
    }

    it('of the option "mode" can also be the other way: what the document reports is refused', async (t) => {
      const { server, events, call } = await watched(t, surface, { policy: reporting(), mode: 'enforce' })
      await assertRefused(call, { code: 'ERR_PIN_MISMATCH', server, events })
    })

    it('tells a finding once per window, however many calls run at once, and again in the next', async (t) => {
      const server = await startTlsServer(chain)
      t.after(() => server.close())
      const clock = new SettableClocks()
      const events: GuardEvent[] = []
      const observer = (event: GuardEvent) => void events.push(event)
      const common = { ca: root.certificate, lookup: lookupLoopback, metrics: false, observer } as const
      const guard = assembleGuard({ policy: reporting(), ...common }, clock)
      t.after(() => guard.close())
      const burst = (host: string) =>
        Promise.all(Array.from({ length: 12 }, () => surface.call(guard, `https://${host}:${server.port}/`)))

      await burst('api.partner.test')
      await burst('api.partner.test')
      assert.equal(reportsIn(events).length, 1)
      await burst('other.partner.test')
      assert.equal(reportsIn(events).length, 2)
      clock.pass(REPORT_WINDOW_MS - 1)
      await burst('api.partner.test')
      assert.equal(reportsIn(events).length, 2)
      clock.pass(5_000)
      await burst('api.partner.test')
      assert.equal(reportsIn(events).length, 3)
      assert.equal(server.recording.requests, 60)
    })

    it('does not wait for the source, which is asked once more and does not answer', async (t) => {
      const loads = Array.from({ length: 2 }, () => Promise.withResolvers<LoadedDocument>())
      let asked = 0
      const load = () => loads[asked++]?.promise ?? Promise.reject(new Error('asked too often'))
      const { server, events, call } = await watched(t, surface, { source: { name: 'a slow source', load } })
      loads[0]?.resolve({ document: reporting() })
      await assertAccepted(call, server)
      assert.equal(asked, 2)
      assert.ok(
        !events.some(({ type }) => type === 'policy-refresh-failed'),
        'the call waited until the load was given up',
      )
    })
  })

  describe(`report-only never forgives (${surface.name})`, () => {
    const options = { policy: reporting({}, { default: 'report' }), mode: 'report' } as const

    for (const [what, code, present] of [
      [
        'a chain up to an unknown root',
        /SELF_SIGNED|UNABLE_TO/,
        async () => presented(await strangersLeaf(), stranger),
      ],
      ['a chain without its intermediate', /UNABLE_TO/, async () => presented(leaf)],
      ['an expired certificate', /CERT_HAS_EXPIRED/, async () => presented(await expiredLeaf(), issuing)],
      ['another host’s certificate', /ALTNAME_INVALID/, async () => presented(await foreignLeaf(), issuing)],
      ['a signer that is no CA', /INVALID_CA|UNSPECIFIED/, async () => await leafSignedByLeaf()],
    ] as const satisfies (readonly [string, RegExp, () => Promise<PresentedChain>])[]) {
      it(what, async (t) => {
        const { server, events, call } = await watched(t, surface, options)
        server.present(await present())
        const before = events.length
        await assert.rejects(call(), (error) => code.test(codeOf(error) ?? ''))
        await server.whenConnectionsClosed()
        assert.equal(server.recording.bytes, 0)
        const told = events.slice(before).find((event) => event.type === 'tls-failure')
        assert.match(told?.code ?? '', code)
      })
    }

    it('a key of the deny list', async (t) => {
      const policy = reporting({ pins: [leaf.pin] }, { deny: [issuing.pin] })
      const { server, events, call } = await watched(t, surface, { policy, mode: 'report' })
      await assertRefused(call, { code: 'ERR_KEY_DENIED', server, events })
    })
  })
}

for (const surface of SURFACES.filter(({ name }) => !name.includes('pinnedAgent'))) {
  it(`report-only never forgives http: to a covered host (${surface.name})`, async (t) => {
    const server = await startPlainServer()
    t.after(() => server.close())
    const { guard, events } = watchedGuard({ policy: reporting(), mode: 'report' })
    t.after(() => guard.close())
    const call = () => surface.call(guard, `http://api.partner.test:${server.port}/`)
    await assertRefused(call, { code: 'ERR_PLAINTEXT_REFUSED', server, events })
  })
}

const strangersLeaf = () => leafOf(stranger, ['api.partner.test'])

const foreignLeaf = () => leafOf(issuing, ['evil.test'])

const expiredLeaf = () =>
  leafOf(issuing, ['api.partner.test'], { notBefore: new Date('2001-01-01'), notAfter: new Date('2002-01-01') })

async function leafSignedByLeaf(): Promise<PresentedChain> {
  return presented(await leafOf(leaf, ['api.partner.test']), leaf, issuing)
}
