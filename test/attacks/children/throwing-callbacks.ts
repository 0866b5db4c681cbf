/**
 * Row 27, in a process that counts what nobody caught: every callback that a user gives is made to fail in every way,
 * and every surface makes a call to a host that shows the pinned key.
 *
 * Ends by itself, so that what fails late (a load's deadline, a timer) is counted too.
 */

import { get } from 'node:https'
import { createGuard, type Guard, type GuardOptions } from '../../../lib/index.ts'
import { parameter, report } from '../child.ts'
import { codeOf, lookupLoopback, SURFACES } from '../surfaces.ts'

export interface Given {
  readonly ca: string
  /** Pins the key of the first URL's host, and another for the second's. */
  readonly policy: object
  readonly goodUrl: string
  readonly badUrl: string
}

/** What one kind of failure led to, on each surface: a status, or why there was none. */
export interface Finding {
  readonly kind: string
  readonly title: string
  readonly outcomes: readonly (number | string)[]
  readonly uncaught: readonly string[]
}

const { ca, policy, goodUrl, badUrl } = parameter<Given>()
const findings: Finding[] = []
const uncaught: string[] = []
process.on('uncaughtException', (error) => uncaught.push(`exception: ${error?.message ?? error}`))
process.on('unhandledRejection', (error) => uncaught.push(`rejection: ${(error as Error)?.message ?? error}`))

const throwing: Readonly<Record<string, () => never>> = {
  'throws an Error': () => {
    throw new Error('the callback failed')
  },
  'throws text': () => {
    throw 'the callback failed'
  },
  'throws nothing at all': () => {
    throw undefined
  },
}

const rejecting = async () => {
  throw new Error('the callback failed')
}

/** Whatever the types say: an `async` function is easily given where none is awaited. */
const failing: Readonly<Record<string, () => never>> = { ...throwing, rejects: rejecting as () => never }

/** No surface may hang: a callback that never answers would hold the whole function. */
const PATIENCE_MS = 2_000

const here = { ca, lookup: lookupLoopback, metrics: false } as const
const pinned = { ...here, policy }

for (const [title, fail] of Object.entries(failing)) {
  await find('observer', title, { ...pinned, observer: fail })
  await find('observer, not pinned', title, { ...pinned, observer: fail }, badUrl)
  await find('lookup', title, { ...pinned, lookup: fail })
  await find('source', title, { ...here, source: { name: 'mine', load: fail } })
  await find('source, asked late', title, { ...here, source: { name: 'mine', load: fail }, disablePrefetch: true })
  await findCheck(title, fail)
}
for (const [title, fail] of Object.entries(throwing)) {
  await find('metrics sink', title, { ...pinned, metrics: { sink: { singleMetric: fail } } }, badUrl)
  await find('policy getter', title, { ...here, policy: withGetter({ version: 1 }, 'hosts', fail) })
  const load = async () => withGetter({ document: policy }, 'document', fail)
  await find('document getter', title, { ...here, source: { name: 'mine', load } })
}
const lookups: Readonly<Record<string, NonNullable<GuardOptions['lookup']>>> = {
  'answers nothing': (_host, _options, found) => found(null, undefined as never),
  'answers nothing, later': (_host, _options, found) => void setImmediate(() => found(null, undefined as never)),
  'answers an empty list': (_host, _options, found) => found(null, []),
  'answers a list of nothing, later': (_host, _options, found) => void setImmediate(() => found(null, [null as never])),
  'answers no address': (_host, _options, found) => found(null, [{ address: 'nowhere', family: 4 }]),
  'fails twice': (_host, _options, found) => {
    found(new Error('once'), '')
    found(new Error('twice'), '')
  },
}
for (const [title, lookup] of Object.entries(lookups)) await find('lookup', title, { ...pinned, lookup })
const address = '127.0.0.1'
const answering: typeof lookups = {
  'answers, then throws': (_host, options, found) => {
    lookupLoopback(_host, options, found)
    throw new Error('the callback failed')
  },
  'answers, then fails': (host, options, found) => {
    lookupLoopback(host, options, found)
    found(new Error('the callback failed'), '')
  },
  'answers twice': (_host, options, found) => {
    if (options.all) found(null, [{ address, family: 4 }])
    else found(null, address, 4)
    lookupLoopback(_host, options, found)
  },
}
for (const [title, lookup] of Object.entries(answering)) {
  await find('lookup that has answered', title, { ...pinned, lookup })
}
await findCheck('returns text', () => 'not an error')
await findCheck('returns a promise', async () => undefined)

process.on('beforeExit', () => {
  if (uncaught.length > 0) findings.push({ kind: 'late', title: 'after all', outcomes: [], uncaught: [...uncaught] })
  report(findings)
})

async function find(kind: string, title: string, options: GuardOptions, url = goodUrl): Promise<void> {
  const before = uncaught.length
  const outcomes: (number | string)[] = []
  for (const surface of SURFACES) {
    outcomes.push(await outcomeOf(options, (guard) => surface.call(guard, url).then(({ status }) => status)))
  }
  findings.push({ kind, title, outcomes, uncaught: uncaught.splice(before) })
}

async function findCheck(title: string, check: () => unknown): Promise<void> {
  const before = uncaught.length
  const checkServerIdentity = check as () => undefined
  const call = (guard: Guard) =>
    new Promise<number>((resolve, reject) => {
      get(goodUrl, { agent: guard.agent, checkServerIdentity }, (incoming) => {
        resolve(incoming.resume().statusCode ?? 0)
      }).on('error', (error) => reject(error instanceof Error ? error : new Error(`no Error: ${String(error)}`)))
    })
  const outcomes = [await outcomeOf(pinned, call)]
  findings.push({ kind: 'checkServerIdentity', title, outcomes, uncaught: uncaught.splice(before) })
}

async function outcomeOf(options: GuardOptions, call: (guard: Guard) => Promise<number>): Promise<number | string> {
  const patience = Promise.withResolvers<string>()
  const timer = setTimeout(() => patience.resolve('no outcome'), PATIENCE_MS)
  let guard: Guard | undefined
  try {
    guard = createGuard(options)
    return await Promise.race([call(guard), patience.promise])
  } catch (error) {
    return codeOf(error) ?? (error instanceof Error ? error.name : `not an Error: ${String(error)}`)
  } finally {
    clearTimeout(timer)
    void guard?.close()
    // Rejections that nobody heard are told between two turns of the event loop.
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function withGetter<Value extends object>(value: Value, key: string, get: () => never): Value {
  return Object.defineProperty({ ...value }, key, { get, enumerable: true })
}
