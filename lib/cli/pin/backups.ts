/**
 * The keys that `--backup` names: pins as they are, or every key of a file.
 */

import { basename } from 'node:path'
import { PinnedFetchError } from '../../errors.ts'
import { parsePin } from '../../policy/pin.ts'
import { CommandError, EXIT } from '../failure.ts'
import type { World } from '../world.ts'
import type { Backup } from './entry.ts'
import { type FilesOptions, keysIn } from './files.ts'

export async function backupsOf(given: readonly string[], options: FilesOptions, world: World): Promise<Backup[]> {
  const backups: Backup[] = []
  for (const text of given) {
    if (text.startsWith('sha256/')) backups.push(pinOf(text))
    else backups.push(...(await keysIn([text], options, world)).map(named))
  }
  return backups
}

function pinOf(text: string): Backup {
  try {
    return { sha256: parsePin(text, '--backup').sha256, name: 'a key that was given by its pin' }
  } catch (error) {
    if (!(error instanceof PinnedFetchError)) throw error
    throw new CommandError(`--backup ${text} is no pin`, 'write sha256/ and 44 characters of base64, or a file', {
      exitCode: EXIT.usage,
      cause: error,
    })
  }
}

function named({ sha256, subject, kind, file }: Awaited<ReturnType<typeof keysIn>>[number]): Backup {
  return { sha256, name: subject === undefined ? `${kind} of ${basename(file)}` : subject }
}
