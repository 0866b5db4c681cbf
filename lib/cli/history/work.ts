/**
 * What `history` does: every version that still exists, in the order in which they were written, and the difference of
 * each from the one before. AWS keeps the last hundred, and those of the last day.
 */

import { type Change, differencesOf } from '../../policy/difference.ts'
import { formatInstant } from '../../policy/instant.ts'
import { DRAFT } from '../../policy/rotation.ts'
import { CommandError, EXIT } from '../failure.ts'
import { wholeSecret } from '../secret/address.ts'
import { type Held, readHeld } from '../secret/document.ts'
import { textOfChanges } from '../secret/review.ts'
import { type ListedVersion, Secret } from '../secret/secret.ts'
import type { Work } from '../verb.ts'
import type { Voice } from '../voice.ts'

export interface HistoryOptions {
  readonly limit?: string
}

interface Episode {
  readonly version: string
  readonly stages: readonly string[]
  readonly created: string | undefined
  readonly serial: number | undefined
  readonly signed: boolean
  /** Why it is no policy. */
  readonly problem: string | undefined
  /** From the one before; `undefined` where there is none, or one of the two is no policy. */
  readonly changes: readonly Change[] | undefined
}

export const history: Work<[string, HistoryOptions]> = async ({ world, voice }, place, { limit = '10' }) => {
  if (!/^[1-9]\d{0,3}$/.test(limit)) {
    throw new CommandError(`--limit ${limit} is no number`, 'write a whole number, like 10', { exitCode: EXIT.usage })
  }
  const id = wholeSecret(place)
  const { total, episodes } = await voice.during('reading the versions', () =>
    Secret.with(id, world, async (secret) => {
      const versions = inOrder(await secret.list())
      // One more than is told: what the oldest of them is compared with.
      const read = await readAll(secret, versions.slice(-Number(limit) - 1))
      return { total: versions.length, episodes: episodesOf(read).slice(-Number(limit)).reverse() }
    }),
  )
  voice.result(episodes, episodes.map((episode) => textOf(episode, voice)).join('\n\n') || 'no version')
  if (total > episodes.length) voice.say(`${total - episodes.length} older versions: --limit ${total}`)
  return EXIT.ok
}

/** The oldest first. The order of AWS means nothing. */
function inOrder(versions: readonly ListedVersion[]): ListedVersion[] {
  return versions.toSorted((one, other) => (one.created ?? 0) - (other.created ?? 0))
}

async function readAll(
  secret: Secret,
  versions: readonly ListedVersion[],
): Promise<(ListedVersion & { held: Held })[]> {
  const read: (ListedVersion & { held: Held })[] = []
  for (const version of versions) read.push({ ...version, held: await readHeld(secret, version.id) })
  return read
}

function episodesOf(versions: readonly (ListedVersion & { readonly held: Held })[]): Episode[] {
  return versions.map(({ id, stages, created, held: { written, problem } }, index) => {
    const before = versions[index - 1]?.held.written
    return {
      version: id,
      stages: stages.filter((stage) => stage !== DRAFT).toSorted(),
      created: created === undefined ? undefined : formatInstant(created),
      serial: written?.policy.serial,
      signed: written?.isSigned ?? false,
      problem,
      changes: before === undefined || written === undefined ? undefined : differencesOf(before.policy, written.policy),
    }
  })
}

function textOf({ version, stages, created, serial, signed, problem, changes }: Episode, voice: Voice): string {
  const facts = [
    created ?? 'no date',
    serial === undefined ? 'no serial' : `serial ${serial}`,
    ...(signed ? ['signed'] : []),
    version,
    ...stages.map((stage) => voice.style('bold', stage)),
  ]
  const details = problem === undefined ? changes && textOfChanges(changes, voice) : [`no policy: ${problem}`]
  return [facts.join('  '), ...(details ?? []).map((line) => `  ${line}`)].join('\n')
}
