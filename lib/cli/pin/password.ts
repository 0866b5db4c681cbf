/**
 * The password of a private key or a PKCS#12 file: from a file or the environment, never from the command line, which
 * every process of the machine can read.
 */

import { readFile } from 'node:fs/promises'
import { CommandError } from '../failure.ts'
import { pathOf } from '../policy/place.ts'
import type { World } from '../world.ts'

const VARIABLE = 'PINNED_FETCH_PASSWORD'

/** `undefined`: none was given. */
export async function passwordOf(file: string | undefined, world: World): Promise<string | undefined> {
  if (file === undefined) return world.env[VARIABLE]
  try {
    const [line = ''] = (await readFile(pathOf(file, world), 'utf8')).split(/\r?\n/, 1)
    return line
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`
    const hint = `give a file whose first line is the password, or set ${VARIABLE}`
    throw new CommandError(`--password-file ${file}: ${problem}`, hint, { cause: error })
  }
}
