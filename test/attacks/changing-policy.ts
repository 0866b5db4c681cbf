/**
 * A guard whose policy a test changes under it, as an owner does with a secret: rows 13 to 17.
 *
 * Its source gives whatever document was published last. `publish` also has the guard load it, so that the new rules
 * are in force when it returns.
 */

import type { TestContext } from 'node:test'
import { assembleGuard, type LambdaGuard } from '../../lib/guard.ts'
import type { GuardEvent, GuardOptions } from '../../lib/index.ts'
import { type Clock, SYSTEM_CLOCK } from '../../lib/source/clock.ts'
import { settableClock } from '../support/clock.ts'
import { HOST } from './cast.ts'
import { lookupLoopback } from './surfaces.ts'

/** Keys that nobody holds. */
export const NOBODYS_PINS = [`sha256/${'A'.repeat(43)}=`, `sha256/${'B'.repeat(42)}A=`] as const

export interface ChangingGuard {
  readonly guard: LambdaGuard
  readonly events: GuardEvent[]
  /** Puts another document in force. */
  publish(document: unknown): Promise<void>
  /** Awaited before every load to come. A refusal asks the source once more, so this holds a refusal up. */
  holdLoads(until: () => Promise<unknown>): void
}

/** Ready, and closed when the test ends. */
export async function changingGuard(
  t: TestContext,
  document: unknown,
  options: Pick<GuardOptions, 'ca' | 'lookup'> & { readonly clock?: Clock },
): Promise<ChangingGuard> {
  const { clock = SYSTEM_CLOCK, ...rest } = options
  const events: GuardEvent[] = []
  let published = document
  let held: () => Promise<unknown> = async () => undefined
  const load = async () => {
    await held()
    return { document: published }
  }
  const guard = assembleGuard(
    {
      source: { name: 'the owner', load },
      cacheExpiry: -1,
      lookup: lookupLoopback,
      metrics: false,
      observer: (event) => void events.push(event),
      ...rest,
    },
    clock,
  )
  t.after(() => guard.close())
  await guard.ready()
  return {
    guard,
    events,
    async publish(next) {
      published = next
      await guard.refresh()
    },
    holdLoads(until) {
      held = until
    },
  }
}

/** A policy in which one host has these pins, and whatever else the document says. */
export function pinning(pins: readonly (string | object)[], others: object = {}): object {
  return { version: 1, hosts: { [HOST]: { pins } }, ...others }
}

/** Both clocks of a guard, standing still until the test moves them. */
export function stillClock(): Clock & { advance(milliseconds: number): void } {
  const { now, advance } = settableClock()
  return { now, elapsed: now, advance }
}

/** An instant as a policy writes it. */
export function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
