/**
 * Writing a file so that nobody ever finds half of it.
 */

import { rename, rm, writeFile } from 'node:fs/promises'
import { CommandError } from '../failure.ts'
import type { World } from '../world.ts'
import { pathOf } from './place.ts'

/** Writes beside the file and renames. @throws {CommandError} when that fails; the file is then what it was */
export async function writeFileWhole(place: string, content: string, world: World): Promise<void> {
  const path = pathOf(place, world)
  const beside = `${path}.${process.pid}.tmp`
  try {
    await writeFile(beside, content, { flag: 'wx' })
    await rename(beside, path)
  } catch (cause) {
    await rm(beside, { force: true })
    const { code } = cause as NodeJS.ErrnoException
    throw new CommandError(`${place} cannot be written (${code})`, 'check the folder and your rights', { cause })
  }
}
