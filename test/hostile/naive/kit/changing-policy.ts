/**
 * Stands in for test/attacks/changing-policy.ts: whoever runs the tutorial guard changes its list of pins in place.
 */

import type { TestContext } from 'node:test'
import type { Guard, GuardEvent, GuardOptions } from '../../../../lib/index.ts'
import { NotApplicable } from './plays.ts'
import { rulesIn } from './rules.ts'
import { guardBy } from './surfaces.ts'

export { instant, NOBODYS_PINS, pinning, stillClock } from '../../../attacks/changing-policy.ts'

interface ChangingGuard {
  readonly guard: Guard
  readonly events: GuardEvent[]
  publish(document: unknown): Promise<void>
  /** It has no source that could be held up. */
  holdLoads(): void
}

export async function changingGuard(
  t: TestContext,
  document: unknown,
  options: Pick<GuardOptions, 'ca' | 'lookup'> & { readonly clock?: unknown },
): Promise<ChangingGuard> {
  if (options.clock !== undefined) throw new NotApplicable('its pins do not expire')
  let rules = rulesIn(document)
  const { guard, events } = guardBy(() => rules, options)
  t.after(() => guard.close())
  return {
    guard,
    events,
    async publish(next) {
      rules = rulesIn(next)
    },
    holdLoads() {},
  }
}
