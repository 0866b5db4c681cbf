/**
 * The stage of row 29: a guard whose policy is in a secret, the real SDK in front of it, and a pinned server behind.
 *
 *     guard ── SDK ──▶ Secrets Manager on loopback (good, bad or dead)
 *       └───── TLS ──▶ api.partner.test
 */

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { assembleGuard } from '../../lib/guard.ts'
import { findPinnedFetchError, type GuardEvent, type GuardOptions } from '../../lib/index.ts'
import { SettableClocks } from '../source/settable-clocks.ts'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { awsClientOptions, startSecretsEndpoint } from '../support/secrets-endpoint.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { assertAccepted, lookupLoopback, SURFACES } from './surfaces.ts'

export const SECRET = 'prod/partner-pins'

/** Stands as a value in bad secrets, as the password of somebody who stored the wrong one would. */
export const CONFIDENTIAL = 'walrus-horse-battery-staple'

export const CACHE_EXPIRY_MS = 60_000

const root = await rootAuthority('Secret Root')
const leaf = await leafOf(root, ['api.partner.test'])

/** The pins of the server: the first matches, the second is a backup. */
export const PINS = [leaf.pin, root.pin] as const

export const GOOD = JSON.stringify({ 'api.partner.test': PINS })

export async function secretPolicy(t: TestContext, options: Partial<GuardOptions> = {}) {
  const endpoint = await startSecretsEndpoint()
  const server = await startTlsServer(presented(leaf))
  t.after(async () => {
    await endpoint.close()
    await server.close()
  })
  const clock = new SettableClocks()
  const events: GuardEvent[] = []
  const observer = (event: GuardEvent) => void events.push(event)

  /** The guard is made only here, after the secret has been put: making it starts the first load. */
  function openGuard() {
    const guard = assembleGuard(
      {
        secretId: SECRET,
        awsClientOptions: awsClientOptions(endpoint),
        cacheExpiry: CACHE_EXPIRY_MS,
        ca: root.certificate,
        lookup: lookupLoopback,
        metrics: false,
        observer,
        ...options,
      },
      clock,
    )
    t.after(() => guard.close())
    const calls = SURFACES.map((surface) => () => surface.call(guard, `https://api.partner.test:${server.port}/`))
    return { guard, calls }
  }
  return { endpoint, server, clock, events, openGuard }
}

export type SecretPolicy = Awaited<ReturnType<typeof secretPolicy>>

export interface Expected {
  readonly code: string
  /** What the owner reads: what is wrong, and what to do. */
  readonly says: RegExp
  /** Unset: {@link SECRET}. */
  readonly secret?: string
}

/** Without an earlier document: making the guard works, and every call is refused before any connection. */
export async function assertNothingServes(stage: SecretPolicy, expected: Expected): Promise<void> {
  const { guard, calls } = stage.openGuard()
  for (const call of calls) {
    const error = findPinnedFetchError(await refusalOf(call))
    assert.equal(error?.code, expected.code)
    assertRepair(error?.message ?? '', expected)
  }
  await assert.rejects(guard.ready(), { code: expected.code })
  assert.equal(stage.server.recording.connections, 0)
  assertTold(stage.events, expected)
}

/** With an earlier document: it serves on, without a failed call, and the failure is told. */
export async function assertGoodOneServes(
  stage: SecretPolicy,
  spoil: () => unknown,
  expected: Expected,
): Promise<void> {
  const { guard, calls } = stage.openGuard()
  for (const call of calls) await assertAccepted(call, stage.server)
  await spoil()
  stage.clock.pass(CACHE_EXPIRY_MS + 1)
  for (const call of calls) await assertAccepted(call, stage.server)
  // The refresh that the calls began beside them, or another.
  await assert.rejects(guard.refresh(), { code: expected.code })
  for (const { ageSeconds } of failuresIn(stage.events)) assert.ok((ageSeconds ?? 0) > CACHE_EXPIRY_MS / 1000)
  for (const call of calls) await assertAccepted(call, stage.server)
  // Long past: the first call waits for a refresh, which fails, and the good document serves.
  stage.clock.pass(10 * CACHE_EXPIRY_MS)
  for (const call of calls) await assertAccepted(call, stage.server)
  assertTold(stage.events, expected)
}

async function refusalOf(call: () => Promise<unknown>): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error
  }
  assert.fail('a call was answered without a policy')
}

function assertTold(events: readonly GuardEvent[], expected: Expected): void {
  const failures = failuresIn(events)
  assert.ok(failures.length > 0, 'no failed load was told')
  for (const { code, message } of failures) {
    assert.equal(code, expected.code)
    assertRepair(message, expected)
  }
}

function failuresIn(events: readonly GuardEvent[]) {
  return events.filter((event) => event.type === 'policy-refresh-failed')
}

function assertRepair(message: string, { says, secret = SECRET }: Expected): void {
  assert.match(message, says)
  assert.ok(message.includes(`"${secret}"`), `names no secret: ${message}`)
  assert.match(message, /\n {2}hint {7}\S/)
  // An error of the JSON parser would quote a part of it.
  assert.ok(!CONFIDENTIAL.split('-').some((word) => message.includes(word)), `quotes the secret: ${message}`)
}
