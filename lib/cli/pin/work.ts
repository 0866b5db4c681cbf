/**
 * What `pin` does: tells hosts from files, and hands over to either.
 */

import { CommandError, EXIT, type ExitCode } from '../failure.ts'
import type { HostOptions } from '../hosts/options.ts'
import type { Context, Work } from '../verb.ts'
import { ROLES, type Role } from './choice.ts'
import { kindOfPlace } from './place.ts'

export interface PinOptions extends HostOptions {
  readonly host?: boolean
  readonly file?: boolean
  readonly key?: string
  readonly backup?: readonly string[]
  readonly passwordFile?: string
}

export const pin: Work<[string[], PinOptions]> = async (context, places, options) => {
  const role = roleOf(options)
  const kinds = new Set(places.map((place) => kindOfPlace(place, options, context.world)))
  if (kinds.size > 1) {
    throw new CommandError(
      'hosts and files in one call',
      'call it once for each; a file of keys for the entry of a host goes to --backup',
      { exitCode: EXIT.usage },
    )
  }
  return kinds.has('file') ? await pinFiles(context, places, options) : await pinHosts(context, places, options, role)
}

async function pinFiles(context: Context, places: readonly string[], options: PinOptions): Promise<ExitCode> {
  const { showFiles } = await import('./files.ts')
  return await showFiles(context, places, options)
}

async function pinHosts(
  context: Context,
  places: readonly string[],
  options: PinOptions,
  role: Role,
): Promise<ExitCode> {
  const { showHosts } = await import('./hosts.ts')
  return await showHosts(context, places, { ...options, role })
}

function roleOf({ key = 'root' }: PinOptions): Role {
  const role = ROLES.find((one) => one === key)
  if (role !== undefined) return role
  throw new CommandError(`--key ${key} is no key of a path`, 'write root, issuer or leaf', { exitCode: EXIT.usage })
}
