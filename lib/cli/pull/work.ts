/**
 * What `pull` does: reads one version, writes it as it is, and notes which version it was.
 */

import { readFile } from 'node:fs/promises'
import { CommandError, EXIT } from '../failure.ts'
import { writeFileWhole } from '../policy/file.ts'
import { pathOf } from '../policy/place.ts'
import { secretAddress } from '../secret/address.ts'
import { policyOfText } from '../secret/document.ts'
import { Secret } from '../secret/secret.ts'
import type { Work } from '../verb.ts'
import type { World } from '../world.ts'
import { sidecarOf, writeSidecar } from './sidecar.ts'

export interface PullOptions {
  readonly force?: boolean
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
  const { serial } = written.policy
  const told = `secret "${id}": version ${pulled.id}${serial === undefined ? '' : `, serial ${serial}`}`
  if (file === undefined) {
    voice.result(JSON.parse(pulled.text), pulled.text)
    voice.say(told)
    return EXIT.ok
  }
  await refuseToLose(file, pulled.text, options, world)
  await writeFileWhole(file, pulled.text, world)
  await writeSidecar(file, { secret: pulled.arn, version: pulled.id }, world)
  voice.result({ file, secret: pulled.arn, version: pulled.id, serial }, `${told}, written to ${file}`)
  voice.say(`${sidecarOf(file)} notes the version for push`)
  return EXIT.ok
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
