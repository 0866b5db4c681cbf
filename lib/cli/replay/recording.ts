/**
 * Recorded rotation: chains that hosts really served, each with the day on which it was first seen.
 *
 * A folder is read to the bottom. Its host is in the folder's name, or in the file's; its day in an `index.json`, or in
 * the file's name; without either, its time is when the chain became valid:
 *
 *     rotation/index.json                       { "<host>": [{ "file": "<path>", "seen": "<date>" }, …], … }
 *     rotation/<host>/2024-03-04-anything.pem
 *     <host>.pem
 */

import type { X509Certificate } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, normalize } from 'node:path'
import { canonicalHost } from '../../policy/host.ts'
import { readChain } from '../check/chain-file.ts'
import { CommandError } from '../failure.ts'
import { pathOf } from '../policy/place.ts'
import type { World } from '../world.ts'

export interface RecordedChain {
  readonly file: string
  /** Canonical. */
  readonly host: string
  /** Milliseconds since the epoch. */
  readonly seen: number
  /** The leaf first, as it was served. */
  readonly certificates: readonly X509Certificate[]
}

const DATED = /^(\d{4}-\d\d-\d\d)\b/

const HINT = 'name a folder of <host>/<date>-<anything>.pem, or files named <host>.pem'

/** By host, and in the order in which they were seen. @throws {CommandError} when there is none */
export async function readRecordings(
  places: readonly string[],
  world: World,
): Promise<ReadonlyMap<string, readonly RecordedChain[]>> {
  const chains = (await Promise.all(places.map((place) => readPlace(place, world)))).flat()
  if (chains.length === 0) throw new CommandError(`${places.join(', ')}: there is no recorded chain`, HINT)
  const hosts = new Map<string, RecordedChain[]>()
  for (const chain of chains.sort((left, right) => left.seen - right.seen)) {
    const known = hosts.get(chain.host)
    if (known === undefined) hosts.set(chain.host, [chain])
    else if (!known.some(({ file }) => file === chain.file)) known.push(chain)
  }
  return new Map([...hosts].sort(([left], [right]) => (left < right ? -1 : 1)))
}

async function readPlace(place: string, world: World): Promise<RecordedChain[]> {
  const found = await stat(pathOf(place, world)).catch((cause) => {
    throw new CommandError(`${place}: there is no such file or folder`, HINT, { cause })
  })
  if (!found.isDirectory()) return [await readOne(place, new Map(), world)]
  const names = await readdir(pathOf(place, world), { recursive: true })
  const days = await readIndex(place, names, world)
  const files = names.filter((name) => name.endsWith('.pem')).map((name) => join(place, name))
  return Promise.all(files.map((file) => readOne(file, days, world)))
}

async function readOne(file: string, days: ReadonlyMap<string, number>, world: World): Promise<RecordedChain> {
  const certificates = await readChain(file, world)
  const name = basename(file, '.pem')
  const day = DATED.exec(name)?.[1]
  const written = day === undefined ? name : basename(dirname(file))
  const host = canonicalHost(written)
  if (host === undefined) throw new CommandError(`${file}: "${written}" is no host`, HINT)
  const seen = days.get(normalize(file)) ?? (day === undefined ? beginOf(certificates) : Date.parse(`${day}T12:00:00Z`))
  if (Number.isFinite(seen)) return { file, host, seen, certificates }
  throw new CommandError(`${file}: its name begins with no date`, HINT)
}

/** When the last of the certificates became valid. */
function beginOf(certificates: readonly X509Certificate[]): number {
  return Math.max(...certificates.map(({ validFromDate }) => validFromDate.getTime()))
}

/** The days that an index gives, by file. An index of another form is somebody else's: it is passed over. */
async function readIndex(folder: string, names: readonly string[], world: World): Promise<ReadonlyMap<string, number>> {
  const days = new Map<string, number>()
  if (!names.includes('index.json')) return days
  const index: unknown = parse(await readFile(pathOf(join(folder, 'index.json'), world), 'utf8'))
  for (const list of Object.values(index ?? {})) {
    for (const { file, seen } of Array.isArray(list) ? list : []) {
      const at = Date.parse(String(seen))
      if (typeof file === 'string' && Number.isFinite(at)) days.set(normalize(join(folder, file)), at)
    }
  }
  return days
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
