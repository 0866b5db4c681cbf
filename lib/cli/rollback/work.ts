/**
 * What `rollback` does: an older document takes the place of the current one, so that guards take it.
 *
 * A guard that has accepted serial 8 refuses 7, whatever stage it is on. So where a document has a serial, the older one
 * is written again, with a serial above all that have a stage. Where none has, guards take any: the stage moves back, and
 * no new version is made.
 */

import { textOfDocument, withSerial } from '../../policy/revision.ts'
import {
  CURRENT,
  DRAFT,
  holderOf,
  isFor,
  nextSerial,
  PREVIOUS,
  planPublish,
  rotationOf,
  type StagedVersion,
  type Step,
  versionIdFor,
} from '../../policy/rotation.ts'
import { CommandError, EXIT, type ExitCode } from '../failure.ts'
import { outlookOf, refuseOutage, textOfOutlook } from '../hosts/outlook.ts'
import type { LookOptions } from '../rotate/options.ts'
import { wholeSecret } from '../secret/address.ts'
import { writeIfAgreed } from '../secret/agreement.ts'
import { type Held, policyOfText, readHeld, type WrittenPolicy } from '../secret/document.ts'
import { reviewOf, textOfReview, type WriteOptions } from '../secret/review.ts'
import { Secret } from '../secret/secret.ts'
import type { Context, Work } from '../verb.ts'

export interface RollbackOptions extends WriteOptions, LookOptions {
  readonly to: string
  readonly expect?: string
}

interface Plan {
  readonly written: WrittenPolicy
  readonly steps: readonly Step[]
  readonly version: string
  /** What is done, and why so. */
  readonly how: string
}

export const rollback: Work<[string, RollbackOptions]> = async (context, place, options) => {
  const id = wholeSecret(place)
  return await context.voice.during('asking Secrets Manager', () =>
    Secret.with(id, context.world, async (secret) => {
      const { versions } = await secret.describe()
      const current = currentOf(secret, versions, options)
      const held = await heldOf(secret, versions)
      if (options.to === PREVIOUS && (await isRolledBack(secret, held, versions))) {
        context.voice.result(
          { version: current.id, written: false },
          `secret "${id}" is rolled back already: version ${current.id}; say --to <version> for another`,
        )
        return EXIT.ok
      }
      const target = await readHeld(secret, await secret.resolve(options.to))
      const plan = planOf(secret, { current: current.id, target: policyIn(secret, target), targetId: target.id, held })
      const phase = rotationOf(versions)?.phase ?? 'idle'
      if (phase !== 'idle') context.voice.say(`a rotation is under way: rotate abort ${id} takes it back as a whole`)
      return await carryOut(context, { secret, plan, before: held.find((one) => one.id === current.id) }, options)
    }),
  )
}

async function carryOut(
  context: Context,
  { secret, plan, before }: { readonly secret: Secret; readonly plan: Plan; readonly before: Held | undefined },
  options: RollbackOptions,
): Promise<ExitCode> {
  const { world, voice } = context
  if (before?.problem !== undefined) voice.say(`version ${before.id} is no policy: ${before.problem}`)
  const review = reviewOf(before?.written, plan.written, world.now())
  const change = { before: before?.written?.policy, after: plan.written.policy }
  const hosts = await outlookOf(change, options, context)
  refuseOutage(hosts, options, context)
  return await writeIfAgreed(context, options, {
    question: `go back in secret "${secret.id}"?`,
    text: [textOfReview(review, voice), textOfOutlook(hosts, voice), plan.how].join('\n'),
    value: (isWritten) => ({ ...review, hosts, how: plan.how, version: isWritten ? plan.version : undefined }),
    write: () => secret.perform(plan.steps),
    done: `secret "${secret.id}": version ${plan.version} is current`,
  })
}

/** What an earlier run did before its answer was lost: going back once more would be going forward. */
async function isRolledBack(
  secret: Secret,
  held: readonly Held[],
  versions: readonly StagedVersion[],
): Promise<boolean> {
  const [current, previous] = [CURRENT, PREVIOUS].map((stage) => holderOf(versions, stage))
  if (current === undefined || previous === undefined) return false
  const text = held.find(({ id }) => id === current.id)?.text
  if (isFor('rollback', { ...current, text }, previous)) return true
  // By a stage that moved: the one of before is the newer one.
  const dates = new Map((await secret.list()).map(({ id, created }) => [id, created ?? 0]))
  return (dates.get(previous.id) ?? 0) > (dates.get(current.id) ?? 0)
}

function policyIn(secret: Secret, { id, text }: Held): WrittenPolicy {
  return policyOfText(text, `secret "${secret.id}" version ${id}`)
}

function currentOf(secret: Secret, versions: readonly StagedVersion[], { expect }: RollbackOptions): StagedVersion {
  const current = holderOf(versions, CURRENT)
  if (current === undefined) {
    throw new CommandError(
      `secret "${secret.id}" holds nothing`,
      `put a policy there: pinned-fetch push <file> ${secret.id}`,
    )
  }
  if (expect === undefined || (expect.length >= 8 && current.id.startsWith(expect))) return current
  throw new CommandError(
    `secret "${secret.id}" has moved: version ${current.id} is current now, not ${expect}`,
    `look at pinned-fetch history ${secret.id}`,
    { exitCode: EXIT.refused },
  )
}

/** What guards may have accepted: everything that has a stage, except what an interrupted run left. */
async function heldOf(secret: Secret, versions: readonly StagedVersion[]): Promise<Held[]> {
  const held: Held[] = []
  for (const { id, stages } of versions) {
    if (stages.some((stage) => stage !== DRAFT)) held.push(await readHeld(secret, id))
  }
  return held
}

interface Situation {
  readonly current: string
  readonly target: WrittenPolicy
  readonly targetId: string
  readonly held: readonly Held[]
}

function planOf(secret: Secret, { current, target, targetId, held }: Situation): Plan {
  if (targetId === current) {
    throw new CommandError(
      `version ${current} is what is current`,
      `choose another: pinned-fetch history ${secret.id}`,
      {
        exitCode: EXIT.usage,
      },
    )
  }
  const policies = [target, ...held.map(({ written }) => written)].filter((one) => one !== undefined)
  const serial = nextSerial(policies.map(({ policy }) => policy))
  if (serial === undefined) {
    const how = `AWSCURRENT moves back to version ${targetId}: no document has a serial, so guards take any`
    const step: Step = { call: 'move', stage: CURRENT, from: current, to: targetId }
    return { written: target, steps: [step], version: targetId, how }
  }
  if (target.isSigned) {
    throw new CommandError(
      `version ${targetId} is signed: with another serial its signature is good no more`,
      [
        `pinned-fetch pull ${secret.id}#${targetId} pins.json --unsigned`,
        `write "serial": ${serial} into pins.json`,
        'pinned-fetch sign pins.json --key private.pem --expires 90d --out signed.json',
        `pinned-fetch push signed.json ${secret.id} --expect ${current}`,
      ].join('; '),
      { exitCode: EXIT.refused },
    )
  }
  const text = textOfDocument(withSerial(target.document, serial))
  const written = policyOfText(text, `${target.name} with serial ${serial}`)
  const how = `the document of version ${targetId} is written again, with serial ${serial}: guards refuse one that falls`
  return {
    written,
    steps: planPublish('rollback', current, text),
    version: versionIdFor('rollback', current, text),
    how,
  }
}
