/**
 * The four ways a user calls out, in one table, and what "refused" and "accepted" mean for each of them.
 *
 * An attack test runs over `SURFACES`, so that no surface is the weak one:
 *
 *     for (const surface of SURFACES) {
 *       it(`… (${surface.name})`, async (t) => {
 *         const { guard, events } = watchedGuard({ policy, ca: root.certificate })
 *         t.after(() => guard.close())
 *         await assertRefused(() => surface.call(guard, url), { code: 'ERR_PIN_MISMATCH', server, events })
 *       })
 *     }
 *
 * A refusal is proven only when the server has no open connection left, so `assertRefused` waits for that: close the
 * guards that still keep a connection to the same server alive, or start a server of its own.
 */

import assert from 'node:assert/strict'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { request as undiciRequest } from 'undici'
import { HOST_REFUSALS } from '../../lib/events.ts'
import {
  createGuard,
  type FailureCode,
  findPinnedFetchError,
  type Guard,
  type GuardEvent,
  type GuardOptions,
} from '../../lib/index.ts'
import type { Recording } from '../support/recording.ts'

/** What all four surfaces understand. */
export interface CallInit {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Answered {
  readonly status: number
  readonly body: string
}

/** What a surface needs of a guard; Middy's `context` can be brought into this form as well. */
export type Guarded = Pick<Guard, 'fetch' | 'agent' | 'dispatcher'>

export interface Surface {
  readonly name: string
  /** Calls out once and reads the whole answer. */
  call(guard: Guarded, url: string, init?: CallInit): Promise<Answered>
}

export const SURFACES: readonly Surface[] = [
  {
    name: 'pinnedFetch',
    async call(guard, url, init = {}) {
      const response = await guard.fetch(url, init)
      return { status: response.status, body: await response.text() }
    },
  },
  {
    name: 'pinnedDispatcher with undici.request',
    async call(guard, url, init = {}) {
      const method = (init.method ?? 'GET') as 'GET'
      const response = await undiciRequest(url, { ...init, method, dispatcher: guard.dispatcher })
      return { status: response.statusCode, body: await response.body.text() }
    },
  },
  {
    name: 'pinnedAgent with https.request',
    call: (guard, url, init = {}) =>
      new Promise((resolve, reject) => {
        const { method = 'GET', headers = {} } = init
        const outgoing = httpsRequest(url, { method, headers, agent: guard.agent }, (incoming) => {
          let body = ''
          incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
          incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body })).on('error', reject)
        })
        outgoing.on('error', reject).end(init.body)
      }),
  },
  {
    name: "Node's own fetch with pinnedDispatcher",
    async call(guard, url, init = {}) {
      // @types/node describes the dispatcher by another copy of undici's types.
      const withDispatcher: object = { ...init, dispatcher: guard.dispatcher }
      const response = await fetch(url, withDispatcher)
      return { status: response.status, body: await response.text() }
    },
  },
]

/** For every host name: this machine, where the test servers are. */
export const lookupLoopback: LookupFunction = (_host, options, callback) => {
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}

/** A guard whose names all lie on loopback, without metrics, and every event it emits, warnings included. */
export function watchedGuard(options: GuardOptions): { guard: Guard; events: GuardEvent[] } {
  const events: GuardEvent[] = []
  const observer = (event: GuardEvent) => void events.push(event)
  return { guard: createGuard({ lookup: lookupLoopback, metrics: false, observer, ...options }), events }
}

export interface ExpectedRefusal {
  /** Ours (`ERR_PIN_MISMATCH`), found with `findPinnedFetchError`; or Node's own (`CERT_HAS_EXPIRED`). */
  readonly code: string
  /** A TLS or plain server of the test kit. */
  readonly server: { readonly recording: Recording; whenConnectionsClosed(): Promise<void> }
  /** What the guard's observer collects. */
  readonly events: readonly GuardEvent[]
  /** Unset: what belongs to the code, `pin-failure`, `host-refused`, or `tls-failure` for a code that is not ours. */
  readonly event?: GuardEvent['type']
}

/**
 * The call rejects with this code, the server saw no byte of it, and the guard told the observer.
 *
 * Returns what the call rejected with.
 */
export async function assertRefused(call: () => Promise<unknown>, expected: ExpectedRefusal): Promise<unknown> {
  const { code, server, events } = expected
  const bytesBefore = server.recording.bytes
  const eventsBefore = events.length
  let outcome: { error: unknown } | { answer: unknown }
  try {
    outcome = { answer: await call() }
  } catch (error) {
    outcome = { error }
  }
  if ('answer' in outcome)
    assert.fail(`not refused (${code} expected): it was answered ${JSON.stringify(outcome.answer)}`)
  assert.equal(codeOf(outcome.error), code, `refused with another code: ${describe(outcome.error)}`)
  await server.whenConnectionsClosed()
  assert.equal(server.recording.bytes - bytesBefore, 0, 'the server saw bytes of a refused call')
  const type = expected.event ?? eventFor(outcome.error)
  const told = events.slice(eventsBefore).filter((event) => event.type === type && codeOfEvent(event) === code)
  assert.ok(told.length > 0, `no event "${type}" with ${code} was told, only: ${events.map(({ type }) => type).join()}`)
  return outcome.error
}

/** The call is answered with 200 by the server itself. Returns the answer. */
export async function assertAccepted(
  call: () => Promise<Answered>,
  server: { readonly recording: Recording },
): Promise<Answered> {
  const before = server.recording.requests
  const answer = await call()
  assert.equal(answer.status, 200)
  assert.equal(server.recording.requests - before, 1, 'the server did not see exactly this request')
  return answer
}

/** Our code when one of our errors is among the causes, else the first code that Node gave. */
export function codeOf(error: unknown): string | undefined {
  const ours = findPinnedFetchError(error)
  if (ours !== undefined) return ours.code
  let candidate = error
  for (let depth = 0; depth < 16 && candidate instanceof Error; depth++) {
    if ('code' in candidate && typeof candidate.code === 'string') return candidate.code
    candidate = candidate.cause
  }
  return undefined
}

function eventFor(error: unknown): GuardEvent['type'] {
  const ours = findPinnedFetchError(error)
  if (ours === undefined) return 'tls-failure'
  return HOST_REFUSALS.has(ours.code as FailureCode) ? 'host-refused' : 'pin-failure'
}

function codeOfEvent(event: GuardEvent): string | undefined {
  if ('error' in event) return event.error.code
  return 'code' in event ? event.code : undefined
}

function describe(error: unknown): string {
  const ours = findPinnedFetchError(error)
  return ours?.message ?? (error instanceof Error ? `${error.message} (${String(error.cause)})` : String(error))
}
