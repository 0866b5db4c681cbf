/**
 * Row 30, continued: whoever is told of a call never touches it.
 *
 *     call ──▶ verdict ──▶ observer: throws, rejects, never settles, is slow
 *                 │
 *                 └─────▶ the caller gets what the verdict says, at once
 *
 * Metrics and observers are other people's code. One that throws must neither let a refused call through nor refuse a
 * good one; one whose promise rejects must not become an unhandled rejection (this test runner fails on those).
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createGuard, type GuardEvent, type GuardOptions, type MetricsSink, type Observer } from '../../lib/index.ts'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { assertAccepted, codeOf, lookupLoopback, SURFACES, type Surface } from './surfaces.ts'

const root = await rootAuthority('Observer Root')
const stranger = await rootAuthority('Stranger')
const other = await rootAuthority('Other')
const leaf = await leafOf(root, ['api.partner.test', 'reported.partner.test', 'refused.partner.test'])

/** No lint finding in it: a warning would be a line on stdout. */
const POLICY = {
  version: 1,
  default: 'report',
  hosts: {
    'api.partner.test': { pins: [leaf.pin, root.pin] },
    'refused.partner.test': { pins: [stranger.pin, other.pin] },
  },
}

const OBSERVERS: readonly (readonly [what: string, observer: Observer])[] = [
  [
    'throws',
    () => {
      throw new Error('the observer failed')
    },
  ],
  [
    'throws nothing at all',
    () => {
      throw undefined
    },
  ],
  ['rejects', async () => await Promise.reject(new Error('the observer failed later'))],
  ['never settles', () => new Promise(() => {})],
  ['is slow', () => new Promise((resolve) => setTimeout(resolve, 3_600_000).unref())],
  [
    'returns something that is worse than a promise',
    () =>
      Object.defineProperty({}, 'then', {
        get() {
          throw new Error('the observer has failed in a new way')
        },
      }) as unknown,
  ],
  ['returns a promise that only looks like one', () => Object.create(Promise.prototype) as unknown],
]

const SINKS: readonly (readonly [what: string, sink: MetricsSink])[] = [
  [
    'throws',
    {
      singleMetric() {
        throw new Error('the sink failed')
      },
    },
  ],
  ['gives nothing', { singleMetric: () => undefined as unknown as ReturnType<MetricsSink['singleMetric']> }],
  [
    'rejects',
    {
      singleMetric: () => ({
        addDimensions: () => undefined,
        addMetadata: () => undefined,
        addMetric: () => Promise.reject(new Error('the sink failed later')),
      }),
    },
  ],
  [
    'never settles',
    {
      singleMetric: () => ({
        addDimensions: () => new Promise(() => {}),
        addMetadata: () => new Promise(() => {}),
        addMetric: () => new Promise(() => {}),
      }),
    },
  ],
]

async function assertUntouched(t: TestContext, surface: Surface, watching: Partial<GuardOptions>): Promise<void> {
  const server = await startTlsServer(presented(leaf))
  t.after(() => server.close())
  const guard = createGuard({
    policy: POLICY,
    ca: root.certificate,
    lookup: lookupLoopback,
    metrics: false,
    ...watching,
  })
  t.after(() => guard.close())
  const call = (host: string) => () => surface.call(guard, `https://${host}:${server.port}/`)
  await assertAccepted(call('api.partner.test'), server)
  await assertAccepted(call('reported.partner.test'), server)
  await assert.rejects(call('refused.partner.test')(), (error) => codeOf(error) === 'ERR_PIN_MISMATCH')
  await assertAccepted(call('api.partner.test'), server)
  assert.equal(server.recording.requests, 3)
}

for (const surface of SURFACES) {
  describe(`a call does not notice (${surface.name})`, () => {
    for (const [what, observer] of OBSERVERS) {
      it(`an observer that ${what}`, (t) => assertUntouched(t, surface, { observer }))
    }

    for (const [what, sink] of SINKS) {
      it(`a sink of metrics that ${what}`, (t) => assertUntouched(t, surface, { metrics: { sink } }))
    }

    it('a sink that throws beside an observer, which is told nevertheless', async (t) => {
      const told: string[] = []
      const observer = ({ type }: GuardEvent) => told.push(type)
      const sink: MetricsSink = {
        singleMetric() {
          throw new Error('the sink failed')
        },
      }
      await assertUntouched(t, surface, { metrics: { sink }, observer })
      for (const type of ['connection-accepted', 'pin-report', 'pin-failure']) {
        assert.ok(told.includes(type), `not told of ${type}`)
      }
    })
  })
}
