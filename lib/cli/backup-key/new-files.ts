/**
 * The two files of a new key. Neither ever replaces a file that is there: a key that was overwritten is lost, and its
 * pin is an outage.
 */

import { open, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandError, EXIT } from '../failure.ts'
import { pathOf } from '../policy/place.ts'
import type { World } from '../world.ts'

export interface Places {
  readonly key: string
  readonly csr: string
  /** As they are told: relative like the argument. */
  readonly shown: { readonly key: string; readonly csr: string }
}

/** Only its owner may read or write it. */
const PRIVATE = 0o600
/** Anybody may read it, as far as the umask lets them. */
const PUBLIC = 0o666

/** @param out a folder that is there or ends in "/", else the beginning of the names */
export async function placesFor(out: string, name: string, world: World): Promise<Places> {
  const isFolder = out.endsWith('/') || (await isDirectory(pathOf(out, world)))
  const prefix = isFolder ? join(out, name) : out
  const shown = { key: `${prefix}.key.pem`, csr: `${prefix}.csr.pem` }
  return { key: pathOf(shown.key, world), csr: pathOf(shown.csr, world), shown }
}

/** Both, or none of them. */
export async function writeNew(places: Places, texts: { readonly privateKey: string; readonly request: string }) {
  const { key, csr, shown } = places
  await create(key, texts.privateKey, PRIVATE).catch((error) => {
    throw problemWith(shown.key, error)
  })
  try {
    await create(csr, texts.request, PUBLIC)
  } catch (error) {
    await unlink(key)
    throw problemWith(shown.csr, error)
  }
}

async function create(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isDirectory() ?? false
}

function problemWith(name: string, error: unknown): CommandError {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EEXIST') {
    const hint = 'it may be the key of a pin that is in use: give another --out, or move it away yourself'
    return new CommandError(`${name} is there already`, hint, { exitCode: EXIT.refused, cause: error })
  }
  const problem = code === 'ENOENT' ? 'there is no such folder' : `it cannot be written (${code})`
  return new CommandError(`${name}: ${problem}`, 'give a folder that you may write to, by --out', { cause: error })
}
