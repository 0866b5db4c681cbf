/**
 * What the hosts show: asked now, by one handshake each, or recorded in files.
 */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { getCACertificates } from 'node:tls'
import type { Call } from '../../judge.ts'
import type { Policy } from '../../policy/document.ts'
import type { Sighting } from '../../watch/look.ts'
import { verifyPath } from '../../x509/path.ts'
import { TrustSet } from '../../x509/trust-set.ts'
import { CommandError, EXIT } from '../failure.ts'
import { type Look, liveLook, type TypedLookOptions } from '../hosts/look.ts'
import { pathOf } from '../policy/place.ts'
import type { World } from '../world.ts'
import { readChain } from './chain-file.ts'

export interface EvidenceOptions extends TypedLookOptions {
  /** A folder of recorded chains, `host.pem`; unset: the hosts are asked. */
  readonly chains?: string | undefined
}

/** @throws {CommandError} when the options make no sense: before anything is connected to */
export async function lookWith(options: EvidenceOptions, world: World): Promise<Look> {
  if (options.chains === undefined) return await liveLook(options, world)
  for (const option of ['proxy', 'address'] as const) {
    if (options[option] === undefined || options[option].length === 0) continue
    throw new CommandError(`--${option} goes with live hosts, not with --chains`, 'leave one of them out', {
      exitCode: EXIT.usage,
    })
  }
  return await recordedLook(options.chains, options.ca, world)
}

async function recordedLook(folder: string, ca: string | undefined, world: World): Promise<Look> {
  if (!existsSync(pathOf(folder, world))) {
    throw new CommandError(`--chains ${folder}: there is no such folder`, 'give a folder of files named host.pem')
  }
  const replaced = ca === undefined ? undefined : (await readChain(ca, world)).map(String)
  const common = new TrustSet(replaced ?? getCACertificates('default'))
  return async (policy, calls, { now }) => {
    const sightings = calls.map(async (call): Promise<Sighting> => {
      const file = join(folder, `${call.host}.pem`)
      if (!existsSync(pathOf(file, world))) {
        return {
          call,
          path: undefined,
          reason: `${file}: there is no such file`,
          hint: 'record the chain of this host',
        }
      }
      const trust = trustFor(policy, call, common)
      const path = verifyPath(await readChain(file, world), { host: call.host, trust, now })
      return { call, path, trustId: trust.id, problem: undefined }
    })
    return await Promise.all(sightings)
  }
}

function trustFor({ hosts }: Policy, { host, port }: Call, common: TrustSet): TrustSet {
  const anchors = hosts.find(host, port)?.anchors
  return anchors === undefined ? common : new TrustSet(anchors)
}
