/**
 * The note beside a policy file: which version of which secret it was pulled from. `push` reads it to see whether the
 * secret moved meanwhile, and writes it anew. It holds nothing secret and may be kept with the file, or thrown away.
 */

import { readFile } from 'node:fs/promises'
import { writeFileWhole } from '../policy/file.ts'
import { pathOf } from '../policy/place.ts'
import type { World } from '../world.ts'

export interface Sidecar {
  /** The ARN of the secret. */
  readonly secret: string
  readonly version: string
}

/** `policy.json.pulled` */
export function sidecarOf(file: string): string {
  return `${file}.pulled`
}

/** @returns `undefined` where there is none, or none that can be read */
export async function readSidecar(file: string, world: World): Promise<Sidecar | undefined> {
  try {
    const noted: unknown = JSON.parse(await readFile(pathOf(sidecarOf(file), world), 'utf8'))
    const { secret, version } = (noted ?? {}) as Partial<Sidecar>
    return typeof secret === 'string' && typeof version === 'string' ? { secret, version } : undefined
  } catch {
    return undefined
  }
}

export async function writeSidecar(file: string, sidecar: Sidecar, world: World): Promise<void> {
  await writeFileWhole(sidecarOf(file), `${JSON.stringify(sidecar, null, 2)}\n`, world)
}
