/**
 * The guard: one policy, one set of trust anchors, and the three surfaces that enforce it.
 *
 * Puts the parts together and holds no logic of its own. It runs in any Node process; the Middy middleware is this plus
 * what Lambda asks for (lambda/middleware.ts).
 */

import type { Agent } from 'node:https'
import type { Dispatcher } from 'undici'
import type { Observer } from './events.ts'
import { type Call, judgeCall, modeOf, type Rules } from './judge.ts'
import { metricsObserver } from './lambda/metrics.ts'
import { callToPlace } from './net/call.ts'
import { safeLookup } from './net/callbacks.ts'
import { warnAboutEnvironment, warnAboutProxy } from './net/environment.ts'
import { Gate } from './net/gate.ts'
import { type ProxyAddress, parseProxyAddress } from './net/proxy/address.ts'
import { Tunnels } from './net/proxy/tunnel.ts'
import { proxyFromEnvironment } from './net/proxy/variables.ts'
import { Reporter } from './net/reporter.ts'
import { Surfaces } from './net/surfaces.ts'
import { TrustStore } from './net/trust.ts'
import {
  DEFAULT_CACHE_EXPIRY_MS,
  DEFAULT_MAX_STALE_MS,
  type GuardOptions,
  pemTexts,
  readOptions,
  verifyKeysOf,
} from './options.ts'
import { formatPin, type Pin } from './policy/pin.ts'
import { type Clock, SYSTEM_CLOCK } from './source/clock.ts'
import { secretsManagerSource } from './source/secrets-manager.ts'
import { signedSource } from './source/signed.ts'
import { literalSource, type PolicySource } from './source/source.ts'
import { PolicyStore } from './source/store.ts'

/** What the policy in use says about a host. */
export interface Explanation {
  readonly host: string
  readonly port: number
  /** The pattern of the entry that covers the host; `undefined`: none does, and `rule` is the policy's default. */
  readonly pattern: string | undefined
  readonly rule: 'enforce' | 'report' | 'deny' | 'allow'
  /** What a path must hold, ready to compare: every list given must match. */
  readonly pins: readonly string[]
  readonly leafPins: readonly string[]
  readonly issuerPins: readonly string[]
  /** Whether only the entry's own roots are trusted. */
  readonly hasOwnAnchors: boolean
  readonly policyVersion: string | undefined
}

export interface Guard {
  /** The WHATWG `fetch` of undici, pinned. Refusals are the `cause` of its `TypeError`. */
  readonly fetch: typeof globalThis.fetch
  /** A `node:https` Agent. */
  readonly agent: Agent
  /** An undici Dispatcher. */
  readonly dispatcher: Dispatcher
  /**
   * Ends when the policy is loaded and the `preconnect` hosts have been tried.
   *
   * @throws {PinnedFetchError} why there is no policy
   */
  ready(): Promise<void>
  /** Loads the policy now. @throws {PinnedFetchError} why that failed; the policy in use serves on */
  refresh(): Promise<void>
  /** Which entry covers a host (`host` or `host:port`), and what it asks for. */
  explain(host: string): Promise<Explanation>
  /** Refuses new calls, lets running ones finish, closes every connection. */
  close(): Promise<void>
}

/** What the middleware needs beyond a {@link Guard}. */
export interface LambdaGuard extends Guard {
  /**
   * An invocation begins: loads the policy if there is none, and leaves the handler time to answer. Never throws.
   *
   * @param remaining ms until the invocation ends, if that is known
   * @param slept whether the environment may have been frozen since it was last heard of
   */
  begin(remaining: number | undefined, slept: boolean): void
  /** Takes every idle connection out of use. */
  closeIdle(): void
  /** What the surfaces are built on, for the preload, which brings calls here that know of no surface. */
  readonly parts: GuardParts
}

export interface GuardParts {
  readonly gate: Gate
  readonly store: PolicyStore
  readonly trust: TrustStore
  readonly reporter: Reporter
  readonly clock: Clock
}

/**
 * Makes a guard.
 *
 * @throws {PinnedFetchError} `ERR_CONFIGURATION` for an unknown option, one of the wrong type, or a contradiction
 */
export function createGuard(options?: GuardOptions): Guard {
  const { begin: _, closeIdle: __, parts: ___, ...own } = Object.getOwnPropertyDescriptors(assembleGuard(options))
  return Object.defineProperties({}, own) as Guard
}

/** {@link createGuard}, with the clocks as an argument. */
export function assembleGuard(given: GuardOptions | undefined, clock: Clock = SYSTEM_CLOCK): LambdaGuard {
  const options = readOptions(given)
  const reporter = new Reporter(observersOf(options))
  const store = new PolicyStore(sourcesOf(options, clock), {
    cacheExpiry: options.cacheExpiry ?? DEFAULT_CACHE_EXPIRY_MS,
    maxStale: options.maxStale ?? DEFAULT_MAX_STALE_MS,
    mode: options.mode,
    clock,
    emit: reporter.emit,
  })
  const trust = new TrustStore(options.ca === undefined ? undefined : pemTexts(options.ca))
  const tunnels = new Tunnels(proxiesOf(options), options.lookup && safeLookup(options.lookup))
  const gate = new Gate({ store, trust, tunnels, reporter, clock })
  store.onChange((rules) => warnAboutPolicy(rules, reporter, clock.now()))
  warnAboutEnvironment(reporter)
  if (!options.proxy) warnAboutProxy(reporter)

  const surfaces = new Surfaces({ gate, reporter, clock, lookup: options.lookup })

  if (options.disablePrefetch !== true) {
    store.prefetch()
    trust.prepare()
  }
  const preconnected = surfaces.preconnect(options.preconnect ?? [])

  return {
    fetch: surfaces.fetch,
    get agent() {
      return surfaces.agent
    },
    dispatcher: surfaces.dispatcher,
    async ready() {
      await store.rules()
      await preconnected
    },
    refresh: () => store.refresh(),
    explain: async (host) => explain(await store.rules(), host, clock.now()),
    async close() {
      store.close()
      gate.close()
      await surfaces.close()
    },
    begin(remaining, slept) {
      if (slept) store.thaw()
      if (remaining !== undefined) store.expectEnd(remaining)
      store.prefetch()
    },
    closeIdle: () => surfaces.closeIdle(),
    parts: { gate, store, trust, reporter, clock },
  }
}

function observersOf({ metrics, observer }: GuardOptions): Observer[] {
  const observers: Observer[] = metrics === false ? [] : [metricsObserver(metrics ?? {})]
  return observer === undefined ? observers : [...observers, observer]
}

function sourcesOf(options: GuardOptions, clock: Clock): PolicySource[] {
  const sources = givenSources(options)
  if (options.verifyKeys === undefined) return sources
  const keys = verifyKeysOf(options.verifyKeys)
  return sources.map((source) => signedSource(source, keys, clock))
}

function givenSources({ secretId, source, policy, awsClientOptions }: GuardOptions): PolicySource[] {
  if (source !== undefined) return [source]
  if (secretId === undefined) return [literalSource(policy)]
  const ids = typeof secretId === 'string' ? [secretId] : secretId
  return ids.map((id) => secretsManagerSource(id, { clientOptions: awsClientOptions }))
}

/** Which proxy a call goes through. */
function proxiesOf({ proxy = false }: GuardOptions): (call: Call) => ProxyAddress | undefined {
  if (proxy === 'environment') return proxyFromEnvironment
  const address = proxy === false ? undefined : parseProxyAddress(proxy)
  return () => address
}

/** Advice: no call waits until what gives it is loaded, and none fails when it can't be. */
function warnAboutPolicy({ policy }: Rules, reporter: Reporter, now: number): void {
  const advise = ({ lintPolicy }: typeof import('./policy/lint.ts')) => {
    for (const { code, path, message, severity } of lintPolicy(policy, now)) {
      if (severity === 'warning') reporter.warn(`${code} ${path}`, `${path}: ${message}`)
    }
  }
  import('./policy/lint.ts').then(advise).catch(() => undefined)
}

/** What a verdict on an uncovered host is called in a policy. */
const UNCOVERED = { accept: 'allow', report: 'report', refuse: 'deny' } as const

function explain(rules: Rules, host: string, now: number): Explanation {
  const call = callToPlace(host)
  const verdict = judgeCall(rules, call)
  const { entry } = verdict
  return {
    host: call.host,
    port: call.port,
    pattern: entry?.pattern.text,
    rule: entry === undefined ? UNCOVERED[verdict.decision] : modeOf(rules, entry, now),
    pins: pinTexts(entry?.pins),
    leafPins: pinTexts(entry?.leafPins),
    issuerPins: pinTexts(entry?.issuerPins),
    hasOwnAnchors: entry?.anchors !== undefined,
    policyVersion: rules.version,
  }
}

function pinTexts(pins: readonly Pin[] = []): string[] {
  return pins.map(({ sha256 }) => formatPin(sha256))
}
