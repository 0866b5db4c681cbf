/**
 * Plays one chain against all four surfaces, over TLS 1.2 and 1.3: what is served, what is trusted, what is pinned, and
 * what must come of it.
 *
 * Each combination has a server and a guard of its own, so no socket and no session of one helps another.
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { findPinnedFetchError } from '../../lib/index.ts'
import { type Held, presented } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { HOST } from './cast.ts'
import { assertAccepted, assertRefused, SURFACES, type Surface, watchedGuard } from './surfaces.ts'

export interface PathScenario {
  /** In exactly this order; the first is the leaf, its key is the server's. */
  readonly served: readonly [Held, ...Held[]]
  readonly trusted: readonly Held[]
  /** Whose keys are pinned; or, as an object, the host's whole entry in the policy. */
  readonly pinned: readonly Held[] | Readonly<Record<string, unknown>>
  /** A code is a refusal: ours, or Node's own. */
  readonly outcome: 'accepted' | (string & {})
  /** Must match the message of a refusal of ours. */
  readonly because?: RegExp
  /** Unset: {@link HOST}. */
  readonly host?: string
}

/** @param title a sentence about what the user notices */
export function onEverySurface(title: string, scenario: PathScenario): void {
  describe(title, () => {
    for (const versions of ['TLSv1.2', 'TLSv1.3'] as const) {
      for (const surface of SURFACES) {
        it(`over ${versions}, by ${surface.name}`, (t) => play(t, scenario, versions, surface))
      }
    }
  })
}

const SECRET_CALL = { method: 'POST', headers: { authorization: 'Bearer secret' }, body: 'secret' } as const

async function play(t: TestContext, scenario: PathScenario, versions: 'TLSv1.2' | 'TLSv1.3', surface: Surface) {
  const { served, trusted, outcome, host = HOST } = scenario
  const [leaf, ...others] = served
  const server = await startTlsServer(presented(leaf, ...others), { versions })
  t.after(() => server.close())
  const { guard, events } = watchedGuard({
    policy: { version: 1, hosts: { [host]: entryOf(scenario) } },
    ca: trusted.map(({ certificate }) => certificate),
  })
  t.after(() => guard.close())
  const call = () => surface.call(guard, `https://${host}:${server.port}/quotes`, SECRET_CALL)

  if (outcome === 'accepted') {
    await assertAccepted(call, server)
    assert.equal(server.recording.received[0]?.body, SECRET_CALL.body)
    const accepted = events.find((event) => event.type === 'connection-accepted')
    assert.ok(accepted?.pin !== undefined && pinsIn(entryOf(scenario)).includes(accepted.pin))
    return
  }
  const error = await assertRefused(call, { code: outcome, server, events })
  if (scenario.because) assert.match(findPinnedFetchError(error)?.message ?? '', scenario.because)
}

function entryOf({ pinned }: PathScenario): unknown {
  return Array.isArray(pinned) ? { pins: pinned.map(({ pin }: Held) => pin) } : pinned
}

function pinsIn(entry: unknown): string[] {
  return JSON.stringify(entry).match(/sha256\/[^"]{44}/g) ?? []
}
