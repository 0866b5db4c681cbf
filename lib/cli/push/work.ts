/**
 * What `push` does: parse and lint, compare with what is current, refuse what would hurt, write.
 *
 * The version it writes has an id made of the text and of the version it takes the place of, so that a push whose answer
 * was lost finds itself done. Between reading and writing nobody can slip in: the stage moves only from that version.
 */

import { CURRENT, DRAFT, holderOf, planPublish, type StagedVersion, take, versionIdFor } from '../../policy/rotation.ts'
import { CommandError, EXIT, type ExitCode } from '../failure.ts'
import { readSidecar, renewSidecar } from '../pull/sidecar.ts'
import { wholeSecret } from '../secret/address.ts'
import { mayTidy, writeIfAgreed } from '../secret/agreement.ts'
import { readHeld, readWritten, type WrittenPolicy } from '../secret/document.ts'
import { type Review, reviewOf, textOfReview, type WriteOptions } from '../secret/review.ts'
import { type Described, Secret } from '../secret/secret.ts'
import type { Context, Work } from '../verb.ts'

export interface PushOptions extends WriteOptions {
  readonly expect?: string
  readonly create?: boolean
}

/** For `--expect`: the secret holds nothing yet. */
const NOTHING = 'none'

export const push: Work<[string, string, PushOptions]> = async (context, file, place, options) => {
  const { world, voice } = context
  const id = wholeSecret(place)
  const written = await readWritten(file, world)
  return await voice.during('asking Secrets Manager', () =>
    Secret.with(id, world, async (secret) => {
      const found = options.create ? await secret.find() : await secret.describe()
      const current = found && holderOf(found.versions, CURRENT)
      if (found === undefined || current === undefined)
        return publishFirst(context, { secret, file, written, found, options })
      return publishNext(context, { secret, file, written, found, current, options })
    }),
  )
}

interface Pushed {
  readonly secret: Secret
  readonly file: string
  readonly written: WrittenPolicy
  readonly options: PushOptions
}

/** Nothing is there that could be lost. */
async function publishFirst(
  context: Context,
  { secret, file, written, found, options }: Pushed & { readonly found: Described | undefined },
): Promise<ExitCode> {
  if (options.expect !== undefined && options.expect !== NOTHING) throw moved(secret, options.expect, undefined)
  const review = reviewOf(undefined, written, context.world.now())
  const version = versionIdFor('push', '', written.text)
  const from = found === undefined ? 'a new secret' : 'a secret without a value'
  const write = async () => {
    if (found === undefined) await secret.create(written.text, version)
    else await secret.perform(planPublish('push', undefined, written.text))
  }
  return await publish(context, { secret, file, options, review, from, version, write })
}

async function publishNext(
  context: Context,
  pushed: Pushed & { readonly found: Described; readonly current: StagedVersion },
): Promise<ExitCode> {
  const { secret, file, written, found, current, options } = pushed
  const { world, voice } = context
  const base = await baseOf(file, found, options, context)
  const before = await readHeld(secret, current.id)
  // Also what an earlier run of this push wrote before its answer was lost.
  if (written.text.trim() === before.text.trim()) {
    if (mayTidy(options, context)) {
      if (current.stages.includes(DRAFT)) await secret.perform([take(DRAFT, current.id)])
      await note(file, secret, current.id, context)
    }
    voice.result(
      { ...NO_REVIEW, version: current.id, written: false },
      `secret "${secret.id}" holds this already: version ${current.id}`,
    )
    return EXIT.ok
  }
  if (before.problem !== undefined) voice.say(`version ${current.id} is no policy: ${before.problem}`)
  const review = reviewOf(before.written, written, world.now())
  refuse(secret, review, { current: current.id, base, options, context })
  const version = versionIdFor('push', current.id, written.text)
  const write = () => secret.perform(planPublish('push', current.id, written.text))
  return await publish(context, { secret, file, options, review, from: `version ${current.id}`, version, write })
}

interface Publication {
  readonly secret: Secret
  readonly file: string
  readonly options: PushOptions
  readonly review: Review
  readonly from: string
  readonly version: string
  readonly write: () => Promise<unknown>
}

async function publish(
  context: Context,
  { secret, file, options, review, from, version, write }: Publication,
): Promise<ExitCode> {
  return await writeIfAgreed(context, options, {
    question: `put this into secret "${secret.id}"?`,
    text: textOfReview(review, context.voice),
    value: (isWritten) => ({ ...review, version: isWritten ? version : undefined }),
    async write() {
      await write()
      await note(file, secret, version, context)
    },
    done: `secret "${secret.id}": version ${version} is current, in the place of ${from}`,
  })
}

const NO_REVIEW: Review = { changes: [], hazards: [], findings: [] }

/** The version that the file was made from. */
async function baseOf(
  file: string,
  { arn }: Described,
  { expect }: PushOptions,
  { world }: Context,
): Promise<string | undefined> {
  if (expect !== undefined) return expect
  const noted = file === '-' ? undefined : await readSidecar(file, world)
  return noted?.secret === arn ? noted.version : undefined
}

function refuse(
  secret: Secret,
  { hazards }: Review,
  {
    current,
    base,
    options,
    context: { voice },
  }: {
    readonly current: string
    readonly base: string | undefined
    readonly options: PushOptions
    readonly context: Context
  },
): void {
  if (options.force) return
  if (base === undefined) {
    throw new CommandError(
      `nothing says which version of secret "${secret.id}" this file was made from`,
      `pull it first, or say --expect ${current} if that is the one`,
      { exitCode: EXIT.refused },
    )
  }
  if (base !== current && !(base.length >= 8 && current.startsWith(base))) throw moved(secret, base, current)
  if (hazards.length === 0) return
  for (const { path, message } of hazards) voice.say(`${path} ${message}`)
  throw new CommandError(
    `this would lock you out of ${hazards.length === 1 ? 'one thing' : `${hazards.length} things`}`,
    'keep a pin of before beside the new ones, and raise the serial; --force does it all the same',
    { exitCode: EXIT.refused },
  )
}

function moved(secret: Secret, base: string, current: string | undefined): CommandError {
  const now = current === undefined ? 'it holds nothing' : `version ${current} is current now`
  return new CommandError(
    `secret "${secret.id}" has moved: the file was made from version ${base}, and ${now}`,
    `see what changed: pinned-fetch diff secret:${secret.id}#${base} secret:${secret.id}; then pull, and make the change again`,
    { exitCode: EXIT.refused },
  )
}

async function note(file: string, secret: Secret, version: string, { world }: Context): Promise<void> {
  if (file === '-') return
  const { arn } = await secret.describe()
  await renewSidecar(file, { secret: arn, version }, world)
}
