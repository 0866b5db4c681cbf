/**
 * The note beside a policy file: which version of which secret it was pulled from. `push` reads it to see whether the
 * secret moved meanwhile, and writes it anew. It holds nothing secret and may be kept with the file, or thrown away.
 */

import { readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { writeFileWhole } from '../policy/file.ts'
import { pathOf } from '../policy/place.ts'
import type { World } from '../world.ts'

export interface Sidecar {
  /** The ARN of the secret. */
  readonly secret: string
  readonly version: string
  /** Of a signed file: the file that was signed, beside it or from there. It is what is edited next. */
  readonly signedFrom?: string
}

/** `policy.json.pulled` */
export function sidecarOf(file: string): string {
  return `${file}.pulled`
}

/** @returns `undefined` where there is none, or none that can be read */
export async function readSidecar(file: string, world: World): Promise<Sidecar | undefined> {
  try {
    const noted: unknown = JSON.parse(await readFile(pathOf(sidecarOf(file), world), 'utf8'))
    const { secret, version, signedFrom } = (noted ?? {}) as Partial<Sidecar>
    if (typeof secret !== 'string' || typeof version !== 'string') return undefined
    return { secret, version, ...(typeof signedFrom === 'string' ? { signedFrom } : {}) }
  } catch {
    return undefined
  }
}

export async function writeSidecar(file: string, sidecar: Sidecar, world: World): Promise<void> {
  await writeFileWhole(sidecarOf(file), `${JSON.stringify(sidecar, null, 2)}\n`, world)
}

/** Notes for a signed file what is noted for the policy in it. @returns whether there was anything to note */
export async function carrySidecar(policy: string, signed: string, world: World): Promise<boolean> {
  const noted = await readSidecar(policy, world)
  if (noted === undefined) return false
  const signedFrom = relative(dirname(pathOf(signed, world)), pathOf(policy, world))
  await writeSidecar(signed, { secret: noted.secret, version: noted.version, signedFrom }, world)
  return true
}

/** Notes what a file has become, and, where it is signed, the file that was signed as well. */
export async function renewSidecar(file: string, { secret, version }: Sidecar, world: World): Promise<void> {
  const former = await readSidecar(file, world)
  const signedFrom = former?.secret === secret ? former.signedFrom : undefined
  await writeSidecar(file, { secret, version, ...(signedFrom === undefined ? {} : { signedFrom }) }, world)
  if (signedFrom === undefined) return
  const policy = isAbsolute(signedFrom) ? signedFrom : join(dirname(pathOf(file, world)), signedFrom)
  // Only where it is noted already, for the same secret.
  if ((await readSidecar(policy, world))?.secret === secret) await writeSidecar(policy, { secret, version }, world)
}
