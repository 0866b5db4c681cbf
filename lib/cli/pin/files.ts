/**
 * `pin <file…>`: the pins of what files hold, as a table. Nothing is connected to, and nothing is decided.
 */

import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { formatPin } from '../../policy/pin.ts'
import { CommandError, EXIT, type ExitCode } from '../failure.ts'
import { pathOf } from '../policy/place.ts'
import { table } from '../table.ts'
import type { Context } from '../verb.ts'
import type { World } from '../world.ts'
import { dateOf } from './date.ts'
import { type FoundKey, readKeyFile } from './key-file.ts'
import { passwordOf } from './password.ts'
import { FILE_EXTENSION } from './place.ts'

export interface FilesOptions {
  readonly passwordFile?: string
}

export interface KeyOfFile extends FoundKey {
  readonly file: string
}

export async function showFiles({ world, voice }: Context, places: readonly string[], options: FilesOptions) {
  const keys = await keysIn(places, options, world)
  const facts = keys.map(({ file, kind, sha256, keyType, subject, notAfter }) => ({
    file,
    kind,
    pin: formatPin(sha256),
    key: keyType,
    ...(subject === undefined ? {} : { subject }),
    ...(notAfter === undefined ? {} : { expires: new Date(notAfter).toISOString() }),
  }))
  const head = ['file', 'kind', 'pin', 'key', 'until', 'subject'].map((text) => voice.style('dim', text))
  const rows = keys.map(({ file, kind, sha256, keyType, subject = '', notAfter }) => {
    const until = notAfter === undefined ? '' : dateOf(notAfter)
    return [
      file,
      kind,
      formatPin(sha256),
      keyType,
      notAfter !== undefined && notAfter < world.now() ? voice.style('red', until) : until,
      subject,
    ]
  })
  voice.result(facts, table([head, ...rows]))
  return EXIT.ok as ExitCode
}

/** Every key of every file, in their order; of a folder the files that end like one. */
export async function keysIn(
  places: readonly string[],
  { passwordFile }: FilesOptions,
  world: World,
): Promise<readonly KeyOfFile[]> {
  const password = await passwordOf(passwordFile, world)
  const keys: KeyOfFile[] = []
  for (const place of places) {
    for (const name of await filesAt(place, world)) {
      const found = await readKeyFile({ name, bytes: await readBytes(name, world), password })
      keys.push(...found.map((key) => ({ file: name, ...key })))
    }
  }
  return keys
}

async function filesAt(place: string, world: World): Promise<readonly string[]> {
  if (place === '-') return [place]
  const found = await stat(pathOf(place, world)).catch((error) => {
    throw unreadable(place, error)
  })
  if (!found.isDirectory()) return [place]
  const names = (await readdir(pathOf(place, world))).filter((name) => FILE_EXTENSION.test(name)).sort()
  if (names.length > 0) return names.map((name) => join(place, name))
  throw new CommandError(`${place}: no file in it ends like a key or certificate`, 'name the files themselves')
}

async function readBytes(name: string, world: World): Promise<Buffer> {
  if (name === '-') {
    const parts: Buffer[] = []
    for await (const part of world.stdin) parts.push(Buffer.from(part))
    return Buffer.concat(parts)
  }
  return await readFile(pathOf(name, world)).catch((error) => {
    throw unreadable(name, error)
  })
}

function unreadable(name: string, error: unknown): CommandError {
  const { code } = error as NodeJS.ErrnoException
  const problem = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`
  return new CommandError(`${name}: ${problem}`, 'give a file; for a host of that name add --host', { cause: error })
}
