/**
 * Stands in for test/attacks/surfaces.ts: the same surfaces, on the tutorial guard, judged by what happens to a call and
 * to the server, never by our codes and events.
 */

import type { Guard, GuardEvent, GuardOptions } from '../../../../lib/index.ts'
import { type Answered, codeOf, type ExpectedRefusal, lookupLoopback } from '../../../attacks/surfaces.ts'
import type { Recording } from '../../../support/recording.ts'
import { tutorialGuard } from '../tutorial-guard.ts'
import { NotApplicable, note } from './plays.ts'
import { type Rules, rulesIn } from './rules.ts'

export type { Answered, CallInit, Guarded, Surface } from '../../../attacks/surfaces.ts'
export { codeOf, lookupLoopback, SURFACES } from '../../../attacks/surfaces.ts'

const KNOWN_OPTIONS = ['policy', 'ca', 'lookup', 'proxy']

export function watchedGuard(options: GuardOptions): { guard: Guard; events: GuardEvent[] } {
  const strange = Object.keys(options).find((name) => !KNOWN_OPTIONS.includes(name))
  if (strange !== undefined) throw new NotApplicable(`it has no option "${strange}"`)
  if (options.proxy) throw new NotApplicable('it has no proxy')
  const rules = rulesIn(options.policy)
  return guardBy(() => rules, options)
}

/** @param rules asked at every connection */
export function guardBy(rules: () => Rules, { ca, lookup = lookupLoopback }: Pick<GuardOptions, 'ca' | 'lookup'>) {
  const events: GuardEvent[] = []
  const guard = tutorialGuard({
    pinsByHost: () => rules().pinsByHost,
    otherHosts: () => rules().otherHosts,
    lookup,
    ...(ca === undefined ? {} : { ca: ca as string | Buffer | (string | Buffer)[] }),
    // The one event that tests of good calls ask for.
    onAccept: (host, pin) =>
      events.push({ type: 'connection-accepted', host, port: 0, pattern: pin && host, pin, resumed: false }),
  })
  return { guard: guard as unknown as Guard, events }
}

type Refusable = ExpectedRefusal['server'] & { readonly whenRequested?: () => Promise<unknown> }

/** Any rejection is a refusal, as long as no byte of the call arrived. */
export async function assertRefused(call: () => Promise<unknown>, expected: ExpectedRefusal): Promise<unknown> {
  const server: Refusable = expected.server
  const before = server.recording.bytes
  // What arrives whole is lost; some calls would wait for ever for an answer that they can use.
  const arrived = server.whenRequested?.().then(() => 'arrived')
  const called = call().then(
    () => 'answered',
    (error: unknown) => ({ error }),
  )
  const outcome = await Promise.race(arrived === undefined ? [called] : [called, arrived])
  if (typeof outcome === 'object') await server.whenConnectionsClosed()
  const bytes = server.recording.bytes - before
  const wasMet = typeof outcome === 'object' && bytes === 0
  note({ demanded: 'refusal', wasMet, what: `${bytes} bytes of the request arrived` })
  return typeof outcome === 'object' ? outcome.error : undefined
}

export async function assertAccepted(
  call: () => Promise<Answered>,
  _server: { readonly recording: Recording },
): Promise<Answered> {
  let answer: Answered
  try {
    answer = await call()
  } catch (error) {
    note({ demanded: 'answer', wasMet: false, what: `refused: ${codeOf(error) ?? String(error)}` })
    throw error
  }
  note({ demanded: 'answer', wasMet: answer.status === 200, what: `answered with ${answer.status}` })
  return answer
}
