/**
 * Asks everybody what there is to know, in the order of a call, and goes on after each fault as far as it can.
 */

import { X509Certificate } from 'node:crypto'
import { getCACertificates } from 'node:tls'
import { findPinnedFetchError } from '../../errors.ts'
import type { Call } from '../../judge.ts'
import { authority } from '../../net/proxy/address.ts'
import { TrustSet } from '../../x509/trust-set.ts'
import { readChain } from '../check/chain-file.ts'
import { CommandError, EXIT } from '../failure.ts'
import type { HostOptions } from '../hosts/options.ts'
import { callOf, probeHost } from '../hosts/probe.ts'
import type { World } from '../world.ts'
import { analyse, isWholeWith } from './chain.ts'
import type { Chain, Facts, HandshakeFailure } from './facts.ts'
import { fetchPlain } from './fetched.ts'
import { hostClockOf } from './host-clock.ts'
import { readNamed } from './named-policy.ts'
import { askRevocation, readLists } from './revocation.ts'
import { isReached, takeRoute } from './route.ts'
import { planOf, variableOf, type Way } from './way.ts'

/** As they were typed. */
export interface GatherOptions extends HostOptions {
  readonly policy?: string
  readonly crl: readonly string[]
  readonly fetch?: boolean
  readonly sendRequest?: boolean
  readonly chain?: string
  /** With a chain; milliseconds since the epoch. */
  readonly at?: number | undefined
}

/** What a handshake, or a file, has shown. */
interface Shown {
  readonly presented: readonly X509Certificate[]
  readonly protocol?: string | undefined
  readonly problem?: string | undefined
  readonly ocsp?: Buffer | undefined
}

export async function gather(place: string, options: GatherOptions, world: World): Promise<Facts> {
  const call = callOf(place)
  const servername = options.servername === undefined ? call.host : callOf(options.servername).host
  const lists = await readLists(options.crl, world)
  const named = await readNamed(options.policy, world)
  const anchors = named.policy?.policy?.hosts.find(call.host, call.port)?.anchors
  const trust = await trustOf(anchors, options.ca, world)
  const now = options.at ?? world.now()
  const isRecorded = options.chain !== undefined

  const plan = isRecorded ? undefined : planOf(call, options, world)
  const walked = plan === undefined ? undefined : await walk(plan.way, plan.fallback)
  const way = walked?.way
  const seen = isRecorded
    ? { presented: await readChain(options.chain ?? '', world) }
    : await shake(call, way, walked?.isOpen === true, { options, anchors, world })
  const shown = 'presented' in seen ? seen : undefined
  const first = shown && analyse(shown.presented, { host: servername, trust, now })
  const chain = first && (await completed(first, { call, way, options, anchors, world, trust }))

  const base = { call, servername, now, judgedAt: now, chain, policy: named.policy }
  const hostClock = await hostClockOf(base, way, trust, options.sendRequest)
  const judgedAt = hostClock.isKnown && hostClock.isOursWrong ? hostClock.date : now
  const judged =
    chain && judgedAt !== now
      ? { ...analyse(chain.presented, { host: servername, trust, now: judgedAt }), directLeaf: chain.directLeaf }
      : chain
  const mayFetch = options.fetch ?? !isRecorded
  return {
    ...base,
    ...named,
    judgedAt,
    isRecorded,
    route: walked?.route,
    direct: walked?.direct,
    variable: isRecorded ? undefined : variableOf(call, world),
    failure: 'failure' in seen ? seen.failure : undefined,
    protocol: shown?.protocol,
    nodeProblem: shown?.problem,
    chain: judged,
    hostClock,
    revocation: await askRevocation(judged, { lists, mayFetch, staple: shown?.ocsp, now: judgedAt }),
  }
}

/** Directly, or by --proxy; where that leads nowhere, by the proxy that the environment names. */
async function walk(way: Way, fallback: Way | undefined) {
  const route = await takeRoute(way.target, way.proxy?.label)
  if (isReached(route) || fallback === undefined) return { way, route, direct: undefined, isOpen: isReached(route) }
  const other = await takeRoute(fallback.target, fallback.proxy?.label)
  if (!isReached(other)) return { way, route, direct: undefined, isOpen: false }
  return { way: fallback, route: other, direct: route, isOpen: true }
}

interface Surroundings {
  readonly options: GatherOptions
  readonly anchors: readonly string[] | undefined
  readonly world: World
}

async function shake(
  call: Call,
  way: Way | undefined,
  isOpen: boolean,
  { options, anchors, world }: Surroundings,
): Promise<Shown | { readonly failure: HandshakeFailure | undefined }> {
  if (way === undefined || !isOpen) return { failure: undefined }
  const { servername, ca, address } = options
  try {
    return await probeHost(authority(call), { servername, ca, address, proxy: way.option, anchors }, world)
  } catch (error) {
    const ours = findPinnedFetchError(error)
    if (ours?.code === 'ERR_PROXY_FAILED') {
      const hint = `look at its credentials (407), and at what it lets through: it must allow ${authority(call)}`
      return { failure: { stage: 'proxy', message: ours.evidence.reason, hint } }
    }
    if (!(error instanceof CommandError) || error.exitCode === EXIT.usage) throw error
    return { failure: { stage: 'tls', message: error.message, hint: error.hint } }
  }
}

/** Fetches the missing issuer when that was asked for; compares with the direct way when a proxy's is not trusted. */
async function completed(
  chain: Chain,
  { call, way, options, anchors, world, trust }: Surroundings & { call: Call; way: Way | undefined; trust: TrustSet },
): Promise<Chain> {
  if (chain.timeless.verified !== undefined) return chain
  const directLeaf = way?.proxy === undefined ? 'unseen' : await directLeafOf(chain, call, { options, anchors, world })
  const { missing } = chain
  if (missing?.url === undefined || options.fetch !== true) return { ...chain, directLeaf }
  try {
    const isFound = isWholeWith(new X509Certificate(await fetchPlain(missing.url)), chain, trust)
    const problem = isFound ? undefined : 'what is there does not help'
    return { ...chain, directLeaf, missing: { ...missing, isFound, problem } }
  } catch (error) {
    return { ...chain, directLeaf, missing: { ...missing, problem: (error as Error).message } }
  }
}

async function directLeafOf(chain: Chain, call: Call, { options, anchors, world }: Surroundings) {
  const { servername, ca, address } = options
  try {
    const { presented } = await probeHost(authority(call), { servername, ca, address, anchors }, world)
    const [own, other] = [chain.presented[0], presented[0]]
    return own !== undefined && other?.raw.equals(own.raw) ? 'same' : 'other'
  } catch {
    return 'unseen'
  }
}

/** As a guard would: the entry's anchors, else --ca, else Node's. */
async function trustOf(
  anchors: readonly string[] | undefined,
  ca: string | undefined,
  world: World,
): Promise<TrustSet> {
  const replaced = ca === undefined ? undefined : (await readChain(ca, world)).map(String)
  return new TrustSet(anchors ?? replaced ?? getCACertificates('default'))
}
