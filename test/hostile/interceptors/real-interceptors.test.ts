/**
 * Real interceptors, whose authority the client trusts: with a pin they get nothing to read, and say so themselves.
 *
 * That they can read is shown beside it, by the same calls without a guard, without a pin, with mode `report`, and with
 * the interceptor's own key pinned: then every part of the call is in their record.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { HOST, type Party } from '../../attacks/cast.ts'
import { codeOf, SURFACES, type Surface, watchedGuard } from '../../attacks/surfaces.ts'
import { recordResult } from '../suite-result.ts'
import { KINDS, type Kind } from './kinds.ts'
import { isInstalled } from './program.ts'
import type { WayName } from './scene.ts'
import {
  allOf,
  callWithoutGuard,
  type MarkedCall,
  markedCall,
  openScene,
  type Scene,
  servedPins,
  withVariables,
} from './scene.ts'
import { Tally } from './tally.ts'

const REFUSED = 'refused and unread'
const READ = 'answered and read'
const PINNED: readonly (keyof Party)[] = ['leaf', 'issuing', 'root']

/** Node's own client knows HTTP/1.1 alone, and its own fetch is given no more. */
const SPEAKING_HTTP2 = ['pinnedFetch', 'pinnedDispatcher with undici.request']

const available = KINDS.filter(({ command }) => isInstalled(command))
const scenes = new Map<Kind, Scene>()
const tally = new Tally()

before(() => allOf(available.map(async (kind) => scenes.set(kind, await openScene(kind.start, kind)))))

after(async () => {
  await Promise.all(Array.from(scenes.values(), (scene) => scene.close()))
  const missing = KINDS.length - available.length
  await recordResult({
    suite: 'Real interceptors',
    source: 'mitmproxy and squid with ssl-bump, from Debian',
    command: 'npm run test:interceptors',
    cases: tally.cases,
    expected: tally.expected,
    got: tally.got,
    divergences: [],
    ...(missing > 0 ? { notTried: [{ cases: missing, reason: 'the interceptor is not installed' }] } : {}),
  })
})

for (const kind of KINDS) {
  const { name, command, ways, isAppending } = kind
  const skip = !available.includes(kind) && `${command} is not installed (sh test/support/packages.sh)`
  describe(name, { skip }, () => {
    const refused: MarkedCall[] = []
    for (const way of ways) {
      for (const pinned of PINNED) {
        for (const surface of SURFACES) {
          it(`gets nothing, ${way}, with the ${pinned} pinned, by ${surface.name}`, () =>
            tally.expect(REFUSED, async () => void refused.push(await isRefused(kind, { way, pinned, surface }))))
        }
      }
    }
    if (isAppending) {
      it("serves the origin's own certificates after its own", async () => {
        const { leaf, issuing } = sceneOf(kind).victim
        assert.deepEqual((await servedPins(sceneOf(kind))).slice(-2), [leaf.pin, issuing.pin])
      })
    }
    const [way = 'redirected'] = ways
    for (const surface of SURFACES) {
      it(`reads the call in mode report, and the failure is told, by ${surface.name}`, () =>
        tally.expect(READ, async () => {
          const events = await isRead(kind, { way, surface, policy: (pins) => ({ [HOST]: { pins, mode: 'report' } }) })
          const told = events.filter((event) => event.type === 'pin-report')
          assert.deepEqual(
            told.map(({ error }) => error.code),
            ['ERR_PIN_MISMATCH'],
          )
        }))
      it(`reads the call to a host that no entry covers, by ${surface.name}`, () =>
        tally.expect(READ, async () => void (await isRead(kind, { way, surface, policy: () => ({}) }))))
      it(`reads the call when its own authority is pinned, by ${surface.name}`, () =>
        tally.expect(READ, async () => {
          const { pin } = sceneOf(kind).interceptor.authority
          await isRead(kind, { way, surface, policy: () => ({ [HOST]: { pins: [pin] } }) })
        }))
    }
    if (ways.includes('redirected')) {
      it('reads the call of a client without a guard', () =>
        tally.expect(READ, async () => {
          const call = markedCall()
          const answer = await callWithoutGuard(sceneOf(kind), call)
          await isInRecord(kind, call, answer.status)
        }))
    }
    it('has written nothing of a refused call when it ends', async () => {
      const { interceptor } = sceneOf(kind)
      await interceptor.end()
      const { everything } = await interceptor.record()
      assert.ok(refused.length > 0)
      assert.deepEqual(
        refused.filter(({ mark }) => everything.includes(mark)),
        [],
      )
    })
  })
}

interface Refusal {
  readonly way: WayName
  readonly pinned: keyof Party
  readonly surface: Surface
}

/** The call of a guard that pins a key of the partner. */
async function isRefused(kind: Kind, { way: wayName, pinned, surface }: Refusal): Promise<MarkedCall> {
  const scene = sceneOf(kind)
  const { interceptor, origin, victim } = scene
  const way = scene.way(wayName)
  const [received, readBefore] = [origin.recording.requests, await interceptor.record()]
  const pins = [victim[pinned].pin]
  const { guard, events } = watchedGuard({
    policy: { version: 1, hosts: { [HOST]: { pins } } },
    ca: scene.ca,
    ...way.options,
  })
  const call = markedCall()
  try {
    await assert.rejects(
      withVariables(way.environment, () => surface.call(guard, `${scene.url}${call.path}`, call.init)),
      (error) => assert.equal(codeOf(error), 'ERR_PIN_MISMATCH', String(error)) === undefined,
    )
  } finally {
    guard.close()
  }
  await scene.whenRead()
  const record = await interceptor.record()
  assert.equal(record.requests, readBefore.requests, 'the interceptor has read a request')
  assert.equal(record.decrypted, readBefore.decrypted, 'the interceptor has decrypted something')
  assert.ok(!record.everything.includes(call.mark), 'the interceptor has written something of the request')
  assert.equal(origin.recording.requests, received, 'the origin has got a request')
  const failures = events.filter((event) => event.type === 'pin-failure')
  assert.deepEqual(
    failures.map(({ error }) => error.code),
    ['ERR_PIN_MISMATCH'],
  )
  return call
}

interface Reading {
  readonly way: WayName
  readonly surface: Surface
  /** The entries of a policy that allows everything else; given are the pins of the partner's leaf. */
  readonly policy: (pins: readonly string[]) => Readonly<Record<string, unknown>>
}

/** The call of a guard whose policy lets the interceptor read it. */
async function isRead(kind: Kind, { way: wayName, surface, policy }: Reading) {
  const scene = sceneOf(kind)
  const way = scene.way(wayName)
  const { guard, events } = watchedGuard({
    policy: { version: 1, default: 'allow', hosts: policy([scene.victim.leaf.pin]) },
    ca: scene.ca,
    ...way.options,
  })
  const call = markedCall()
  try {
    const answer = await withVariables(way.environment, () =>
      surface.call(guard, `${scene.url}${call.path}`, call.init),
    )
    guard.close()
    await isInRecord(kind, call, answer.status)
  } finally {
    guard.close()
  }
  if (kind.http2 && SPEAKING_HTTP2.includes(surface.name)) {
    assert.equal((await scene.interceptor.record()).protocols.at(-1), 'HTTP/2.0')
  }
  return events
}

async function isInRecord(kind: Kind, { mark, path, init }: MarkedCall, status: number): Promise<void> {
  const scene = sceneOf(kind)
  assert.equal(status, 200)
  assert.equal(scene.origin.recording.received.at(-1)?.body, init.body)
  await scene.whenRead()
  const record = await scene.interceptor.record()
  const parts = [path, init.headers['authorization'], ...(scene.interceptor.isBodyRecorded ? [init.body] : [])]
  for (const part of parts) assert.ok(record.everything.includes(part ?? mark), `${part} is not in its record`)
  assert.ok(record.requests > 0 && record.decrypted > 0)
  assert.deepEqual(new Set(record.versions), new Set([kind.version]))
}

function sceneOf(kind: Kind): Scene {
  const scene = scenes.get(kind)
  assert.ok(scene !== undefined)
  return scene
}
