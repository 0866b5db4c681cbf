/**
 * What a host shows: asked now, by one handshake, or recorded in a file.
 */

import type { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { getCACertificates } from 'node:tls'
import { findPinnedFetchError } from '../../errors.ts'
import type { Call, Rules } from '../../judge.ts'
import { authority } from '../../net/proxy/address.ts'
import type { HostEntry } from '../../policy/document.ts'
import { type PathResult, verifyPath } from '../../x509/path.ts'
import { TrustSet } from '../../x509/trust-set.ts'
import { CommandError, EXIT } from '../failure.ts'
import { probeHost } from '../hosts/probe.ts'
import { pathOf } from '../policy/place.ts'
import type { World } from '../world.ts'
import { readChain } from './chain-file.ts'

export interface EvidenceOptions {
  readonly ca?: string | undefined
  readonly proxy?: string | undefined
  /** Each an address for all hosts, or `host=address` for one. */
  readonly address: readonly string[]
  /** A folder of recorded chains, `host.pem`; unset: the hosts are asked. */
  readonly chains?: string | undefined
}

export interface Shown {
  readonly path: PathResult
  /** The trust set that the path was verified up to. */
  readonly trustId: string
  /** Node's own refusal, its code; always `undefined` for a recorded chain. */
  readonly problem: string | undefined
}

/** Nothing was seen, so nothing is known. */
export interface Unseen {
  readonly path: undefined
  readonly reason: string
  readonly hint: string
}

/** How one look at a host is taken. `now`: milliseconds since the epoch, the time of a recorded chain's verification. */
export type Look = (call: Call, rules: Rules, now: number) => Promise<Shown | Unseen>

/** @throws {CommandError} when the options make no sense: before anything is connected to */
export async function lookWith(options: EvidenceOptions, world: World): Promise<Look> {
  if (options.chains === undefined) return liveLook(options, world)
  for (const option of ['proxy', 'address'] as const) {
    if (options[option] === undefined || options[option].length === 0) continue
    throw new CommandError(`--${option} goes with live hosts, not with --chains`, 'leave one of them out', {
      exitCode: EXIT.usage,
    })
  }
  return recordedLook(options.chains, options.ca, world)
}

function liveLook({ ca, proxy, address: addresses }: EvidenceOptions, world: World): Look {
  return async (call, { policy }) => {
    const anchors = policy.hosts.find(call.host, call.port)?.anchors
    try {
      const address = addressOf(call, addresses)
      const { path, problem } = await probeHost(authority(call), { ca, proxy, anchors, address }, world)
      // The set that the probe has used: the entry's anchors, else --ca, else Node's, as a guard would.
      return { path, problem, trustId: path.verified?.trustId ?? '' }
    } catch (error) {
      return unseen(error)
    }
  }
}

/** A wrong command line ends the command; a host that does not answer is one line of its result. */
function unseen(error: unknown): Unseen {
  const ours = findPinnedFetchError(error)
  if (ours?.code === 'ERR_PROXY_FAILED') {
    const hint = 'check the proxy, its credentials, and that it lets this host and port through'
    return { path: undefined, reason: `the proxy ${ours.evidence.proxy} made no tunnel: ${ours.evidence.reason}`, hint }
  }
  if (!(error instanceof CommandError) || error.exitCode === EXIT.usage || isOfOption(error)) throw error
  return { path: undefined, reason: error.message, hint: error.hint }
}

/** A file of an option that can't be read is the same for every host. */
function isOfOption({ message }: CommandError): boolean {
  return message.startsWith('--')
}

function addressOf({ host }: Call, addresses: readonly string[]): string | undefined {
  const own = addresses.find((address) => address.startsWith(`${host}=`))
  return own === undefined ? addresses.find((address) => !address.includes('=')) : own.slice(host.length + 1)
}

async function recordedLook(folder: string, ca: string | undefined, world: World): Promise<Look> {
  if (!existsSync(pathOf(folder, world))) {
    throw new CommandError(`--chains ${folder}: there is no such folder`, 'give a folder of files named host.pem')
  }
  const replaced = ca === undefined ? undefined : (await readChain(ca, world)).map(String)
  const common = new TrustSet(replaced ?? getCACertificates('default'))
  return async (call, { policy }, now) => {
    const file = join(folder, `${call.host}.pem`)
    if (!existsSync(pathOf(file, world))) {
      return { path: undefined, reason: `${file}: there is no such file`, hint: 'record the chain of this host' }
    }
    const entry = policy.hosts.find(call.host, call.port)
    return verified(await readChain(file, world), call, trustFor(entry, common), now)
  }
}

function trustFor(entry: HostEntry | undefined, common: TrustSet): TrustSet {
  return entry?.anchors === undefined ? common : new TrustSet(entry.anchors)
}

function verified(presented: readonly X509Certificate[], { host }: Call, trust: TrustSet, now: number): Shown {
  return { path: verifyPath(presented, { host, trust, now }), trustId: trust.id, problem: undefined }
}
