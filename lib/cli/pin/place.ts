/**
 * Whether an argument is a host or a file. Where it may be both, nobody guesses: a pin of the wrong thing is an outage.
 */

import { existsSync } from 'node:fs'
import { canonicalHost } from '../../policy/host.ts'
import { CommandError, EXIT } from '../failure.ts'
import { pathOf } from '../policy/place.ts'
import type { World } from '../world.ts'

export interface Forced {
  readonly host?: boolean
  readonly file?: boolean
}

/** How files of keys and certificates end. None of these is a top-level domain. */
export const FILE_EXTENSION = /\.(pem|crt|cer|der|key|csr|p12|pfx)$/i

/** @throws {CommandError} when it may be both */
export function kindOfPlace(place: string, { host, file }: Forced, world: World): 'host' | 'file' {
  if (host && file) throw wrong('--host contradicts --file', 'give one of them')
  if (host) return 'host'
  if (file || place === '-') return 'file'
  if (place.includes('://')) return 'host'
  if (/[/\\]/.test(place) || FILE_EXTENSION.test(place)) return 'file'
  if (!existsSync(pathOf(place, world))) return 'host'
  if (looksLikeHost(place)) {
    throw wrong(`"${place}" is a file here, and may be a host`, `write ./${place} for the file, or --host for the host`)
  }
  return 'file'
}

/** A name of several labels, an address, or something with a port. A single word is more often a file. */
function looksLikeHost(place: string): boolean {
  if (place === 'localhost') return true
  const name = place.replace(/:\d+$/, '')
  return (name !== place || /[.:]/.test(name)) && canonicalHost(name) !== undefined
}

function wrong(message: string, hint: string): CommandError {
  return new CommandError(message, hint, { exitCode: EXIT.usage })
}
