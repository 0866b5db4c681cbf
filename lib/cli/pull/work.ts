/**
 * What `pull` does: reads one version, writes it as it is or out of its envelope, and notes which version it was.
 */

import { readFile } from 'node:fs/promises'
import { formatInstant } from '../../policy/instant.ts'
import { CommandError, EXIT } from '../failure.ts'
import { writeFileWhole } from '../policy/file.ts'
import { pathOf } from '../policy/place.ts'
import { secretAddress } from '../secret/address.ts'
import { policyOfText, type WrittenPolicy } from '../secret/document.ts'
import { Secret } from '../secret/secret.ts'
import type { Work } from '../verb.ts'
import type { World } from '../world.ts'
import { type Verified, verified, withoutEnvelope } from './opened.ts'
import { sidecarOf, writeSidecar } from './sidecar.ts'

export interface PullOptions {
  readonly force?: boolean
  readonly unsigned?: boolean
  readonly key?: readonly string[]
}

export const pull: Work<[string, string | undefined, PullOptions]> = async ({ world, voice }, place, file, options) => {
  const { id, version } = secretAddress(place)
  const pulled = await voice.during('asking Secrets Manager', () =>
    Secret.with(id, world, async (secret) => {
      const { arn } = await secret.describe()
      return { arn, ...(await secret.read(await secret.resolve(version))) }
    }),
  )
  const written = policyOfText(pulled.text, `secret "${id}" version ${pulled.id}`)
  const signature = await verified(written, options.key ?? [], world)
  const text = options.unsigned ? withoutEnvelope(written) : pulled.text
  const { serial } = written.policy
  const told = `secret "${id}": version ${pulled.id}${serial === undefined ? '' : `, serial ${serial}`}`
  const remark = remarkOn(written, signature, { ...options, place })
  if (file === undefined) {
    voice.result(JSON.parse(text), text)
    voice.say([told, ...remark].join('\n'))
    return EXIT.ok
  }
  await refuseToLose(file, text, options, world)
  await writeFileWhole(file, text, world)
  await writeSidecar(file, { secret: pulled.arn, version: pulled.id }, world)
  const keyId = signature?.keyId
  voice.result({ file, secret: pulled.arn, version: pulled.id, serial, keyId }, `${told}, written to ${file}`)
  voice.say([`${sidecarOf(file)} notes the version for push`, ...remark].join('\n'))
  return EXIT.ok
}

/** What is known of the signature, where there is one. */
function remarkOn(
  { isSigned }: WrittenPolicy,
  signature: Verified | undefined,
  { place, unsigned }: PullOptions & { readonly place: string },
): readonly string[] {
  if (signature !== undefined) {
    const { keyId, expires } = signature
    return [
      `it was signed by key ${keyId}, ${expires === undefined ? 'without end' : `until ${formatInstant(expires)}`}`,
    ]
  }
  if (!unsigned) return []
  if (!isSigned) return ['it was not signed']
  return [`nobody has verified who signed it: pinned-fetch pull ${place} --unsigned --key <public key> does`]
}

async function refuseToLose(file: string, text: string, { force = false }: PullOptions, world: World): Promise<void> {
  if (force) return
  const there = await readFile(pathOf(file, world), 'utf8').catch(() => undefined)
  if (there === undefined || there === text) return
  throw new CommandError(
    `${file} holds something else, which would be lost`,
    `compare first: pinned-fetch diff ${file} secret:<name>; or write over it with --force`,
    { exitCode: EXIT.refused },
  )
}
