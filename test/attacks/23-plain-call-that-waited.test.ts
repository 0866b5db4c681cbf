/**
 * Row 23, a plain call that waited: it was let in while no entry covered its host, and it waits inside undici for its
 * connection when the policy comes to cover the host. It is judged again before its first byte, and refused.
 *
 *     policy   covers others, default "allow"      covers the host
 *     client   ── http://host ─→ name looked up …  ┊  … connected  ╳  nothing is written
 *     server                                       ┊  ←─ SYN
 */

import assert from 'node:assert/strict'
import type { LookupFunction } from 'node:net'
import { it, type TestContext } from 'node:test'
import type { Respond } from '../support/answer.ts'
import { type PlainServer, startPlainServer } from '../support/plain-server.ts'
import { Signal } from '../support/signal.ts'
import { HOST, partner } from './cast.ts'
import { type ChangingGuard, changingGuard, pinning } from './changing-policy.ts'
import { type Answered, assertRefused, lookupLoopback, SURFACES, type Surface } from './surfaces.ts'

const { root, issuing, leaf } = await partner()
const pins = [leaf.pin, issuing.pin]
const uncovered = pinning(pins, { default: 'allow', hosts: { 'somebody.else.test': { pins } } })
const covered = pinning(pins, { default: 'allow' })

const code = 'ERR_PLAINTEXT_REFUSED'

/** A call that is never told would be waited for. */
const impatient = { timeout: 10_000 }

/** Not the agent: an https Agent takes no `http:` at all. */
const PLAIN_SURFACES = SURFACES.filter(({ name }) => !name.startsWith('pinnedAgent'))

for (const surface of PLAIN_SURFACES) {
  it(`is refused when its host is covered meanwhile (${surface.name})`, impatient, async (t) => {
    const { guard, events, publish, plain, call, lookups } = await scene(t, surface)
    const waiting = async () => {
      const called = call('/waiting')
      await lookups.asked()
      await publish(covered)
      lookups.answer()
      return await called.finally(() => guard.close())
    }
    await assertRefused(waiting, { code, server: plain, events })
  })

  it(`is refused behind another one that is running, which ends well (${surface.name})`, impatient, async (t) => {
    const answer = Promise.withResolvers<object>()
    const { guard, events, publish, plain, call, lookups } = await scene(t, surface, async ({ url }) =>
      url === '/running' ? await answer.promise : {},
    )
    const requested = plain.whenRequested()
    const running = call('/running')
    await lookups.asked()
    lookups.answer()
    await requested
    const waiting = async () => {
      const called = call('/waiting')
      await lookups.asked()
      await publish(covered)
      lookups.answer()
      return await called.finally(async () => {
        answer.resolve({})
        assert.equal((await running).status, 200)
        await guard.close()
      })
    }
    await assertRefused(waiting, { code, server: plain, events })
  })

  it(`is sent, once, when its host is still not covered (${surface.name})`, impatient, async (t) => {
    const { publish, plain, call, lookups } = await scene(t, surface)
    const called = call('/waiting')
    await lookups.asked()
    await publish({ ...uncovered, serial: 2 })
    lookups.answer()
    assert.equal((await called).status, 200)
    assert.deepEqual(
      plain.recording.received.map(({ url }) => url),
      ['/waiting'],
    )
  })
}

interface Scene extends ChangingGuard {
  readonly plain: PlainServer
  /** Posts something secret to the host, without TLS. */
  call(path: string): Promise<Answered>
  readonly lookups: HeldLookups
}

interface HeldLookups {
  /** A call has come as far as that, and waits. */
  asked(): Promise<void>
  answer(): void
}

async function scene(t: TestContext, surface: Surface, respond?: Respond): Promise<Scene> {
  const plain = await startPlainServer(respond === undefined ? {} : { respond })
  t.after(() => plain.close())
  const { lookup, ...lookups } = heldLookups()
  const changing = await changingGuard(t, uncovered, { ca: root.certificate, lookup })
  const call = (path: string) =>
    surface.call(changing.guard, `http://${HOST}:${plain.port}${path}`, { method: 'POST', body: 'secret' })
  return { ...changing, plain, call, lookups }
}

/** Holds up every call where undici has it in hand: between its dispatch and its connection. */
function heldLookups(): HeldLookups & { readonly lookup: LookupFunction } {
  const asked = new Signal<void>()
  const held: (() => void)[] = []
  return {
    lookup: (host, options, callback) => {
      held.push(() => lookupLoopback(host, options, callback))
      asked.emit()
    },
    asked: async () => {
      if (held.length === 0) await asked.next()
    },
    answer() {
      for (const release of held.splice(0)) release()
    },
  }
}
