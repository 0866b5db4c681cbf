/**
 * A look at the hosts of a policy: one handshake with each, a few at a time, and nothing sent.
 *
 * Nothing is judged here, so that one look can be judged under the policy of now and under the next one
 * (host-check.ts). Trust is a guard's: the anchors of the host's entry, else `ca`, else Node's. A host that can't be
 * asked is a sighting, too; each look ends by itself (net/dial.ts), and at once when the signal says so.
 */

import type { LookupFunction } from 'node:net'
import type { Call } from '../judge.ts'
import { type ProbeOptions, probe } from '../net/probe.ts'
import type { ProxyAddress } from '../net/proxy/address.ts'
import { TrustStore } from '../net/trust.ts'
import type { Policy } from '../policy/document.ts'
import type { PathResult } from '../x509/path.ts'
import { workThrough } from './crew.ts'
import { type Failure, failureOf, givenUp } from './failure.ts'

export interface LookOptions {
  /** Milliseconds since the epoch: the time at which paths are verified. */
  readonly now: number
  /** Trust anchors in PEM, where an entry has none of its own. Default: Node's. */
  readonly ca?: readonly string[] | undefined
  /** The proxy for a call; it is verified with `ca`. Default: none. */
  readonly proxy?: ((call: Call) => ProxyAddress | undefined) | undefined
  /** Where a host is. Default: where DNS says. */
  readonly address?: ((call: Call) => ProbeOptions['address']) | undefined
  /** As in `net.connect`. Default: DNS. */
  readonly lookup?: LookupFunction | undefined
  /** Hosts asked at a time. Default: {@link HOSTS_AT_ONCE}. */
  readonly atOnce?: number | undefined
  /** Aborted: the hosts that have shown nothing by then are told as not seen, with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** A policy of a thousand hosts opens no thousand connections. */
export const HOSTS_AT_ONCE = 8

/** One host as it was seen, or why it was not. */
export type Sighting = Seen | Unseen

export interface Seen {
  readonly call: Call
  readonly path: PathResult
  /** The trust set that the path was verified up to. */
  readonly trustId: string
  /** Node's own refusal, its code; `undefined` also where Node was not asked: a recorded chain. */
  readonly problem: string | undefined
}

/** Nothing was shown, so nothing is known. */
export interface Unseen extends Partial<Failure> {
  readonly call: Call
  readonly path: undefined
  /** One line, with the place. */
  readonly reason: string
  /** What to look at; from whoever knows how the look was asked for. */
  readonly hint?: string
}

/**
 * The sightings in the order of the calls.
 *
 * @param policy says which roots a host is looked at with
 * @throws {Error} when `ca` can't be read, or `proxy` throws: before anything is connected to
 */
export async function lookAtHosts(
  policy: Policy,
  calls: readonly Call[],
  options: LookOptions,
): Promise<readonly Sighting[]> {
  const { now, ca, proxy, address, lookup, signal, atOnce = HOSTS_AT_ONCE } = options
  const store = new TrustStore(ca)
  const proxyTrust = store.for(undefined)
  const looks = calls.map((call) => ({ call, proxy: proxy?.(call), address: address?.(call) }))
  return await workThrough(looks, atOnce, ({ call, ...way }) => {
    const trust = store.for(policy.hosts.find(call.host, call.port))
    return lookAt(call, { ...way, now, trust, proxyTrust, lookup, signal })
  })
}

async function lookAt(call: Call, options: ProbeOptions): Promise<Sighting> {
  const { trust, address, signal } = options
  if (signal?.aborted) return { call, path: undefined, ...givenUp(call, address, signal.reason) }
  try {
    const { path, problem } = await probe(call, options)
    return { call, path, problem, trustId: trust.set.id }
  } catch (error) {
    const failure = signal?.aborted ? givenUp(call, address, signal.reason) : failureOf(call, address, error)
    return { call, path: undefined, ...failure }
  }
}
