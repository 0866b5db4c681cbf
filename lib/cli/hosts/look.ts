/**
 * A look at the hosts of a policy, from what somebody typed; where a host could not be asked, with what to do about it.
 */

import type { Call } from '../../judge.ts'
import type { ProbeOptions } from '../../net/probe.ts'
import type { Policy } from '../../policy/document.ts'
import { type LookOptions, lookAtHosts, type Sighting } from '../../watch/look.ts'
import type { World } from '../world.ts'
import { advised } from './failure.ts'
import { certificatesOf, parseAddress, proxyOf } from './probe.ts'

/** As they were typed. */
export interface TypedLookOptions {
  readonly ca?: string | undefined
  readonly proxy?: string | undefined
  /** Each an address for all hosts, or `host=address` for one. */
  readonly address: readonly string[]
}

/** How one look is taken. */
export type Look = (
  policy: Policy,
  calls: readonly Call[],
  options: Pick<LookOptions, 'now' | 'atOnce'>,
) => Promise<readonly Sighting[]>

/** @throws {CommandError} when the options make no sense: before anything is connected to */
export async function liveLook({ ca, proxy, address }: TypedLookOptions, world: World): Promise<Look> {
  const addresses = address.map(readAddress)
  const way = {
    ca: ca === undefined ? undefined : await certificatesOf(ca, world),
    proxy: (call: Call) => proxyOf(call, { proxy }, world),
    address: ({ host }: Call) =>
      (addresses.find((one) => one.for === host) ?? addresses.find((one) => one.for === undefined))?.address,
  }
  return async (policy, calls, options) => (await lookAtHosts(policy, calls, { ...way, ...options })).map(advised)
}

function readAddress(typed: string): { readonly for: string | undefined; readonly address: ProbeOptions['address'] } {
  const sign = typed.indexOf('=')
  return { for: sign === -1 ? undefined : typed.slice(0, sign), address: parseAddress(typed.slice(sign + 1)) }
}
