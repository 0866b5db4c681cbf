/**
 * What `rotate retire` does: looks whether every host passes without the old pins, takes them out, and ends the rotation.
 */

import { describePlace, type PinPlace } from '../../policy/revision.ts'
import { isFor, planEnd, planMark, planReplace, planResume, type Step, versionIdFor } from '../../policy/rotation.ts'
import { EXIT, type ExitCode } from '../failure.ts'
import { mayTidy, writeIfAgreed } from '../secret/agreement.ts'
import { readWritten, type WrittenPolicy } from '../secret/document.ts'
import { reviewOf, textOfReview } from '../secret/review.ts'
import type { Context, Work } from '../verb.ts'
import { checkPolicy } from './check.ts'
import { type HostReport, textOfReports } from './hosts.ts'
import type { RetireOptions } from './options.ts'
import { atRotation, perform, policyOf, refusal, type Standing } from './standing.ts'
import { outgoingOf, successorOf } from './successor.ts'

export const retire: Work<[string, string | undefined, RetireOptions]> = async (context, place, file, options) => {
  const given = file === undefined ? undefined : await readWritten(file, context.world)
  return await atRotation(place, context, async (standing) => {
    const { rotation, secret } = standing
    const { current } = rotation
    if (rotation.phase === 'retired') return await finish(context, standing, options, planResume(rotation), current.id)
    if (rotation.phase === 'retiring') {
      const next = policyOf(standing, rotation.next)
      return await replace(context, standing, { next, steps: planResume(rotation), version: rotation.next.id }, options)
    }
    if (rotation.phase === 'idle' && isFor('retire', current, rotation.previous)) {
      return await finish(context, standing, options, [], current.id)
    }
    if (rotation.phase !== 'promoted') {
      throw refusal(
        `secret "${secret.id}" has no promoted candidate (${rotation.phase})`,
        `see pinned-fetch rotate status ${secret.id}`,
      )
    }
    const outgoing = outgoingOf(standing)
    if (options.keep || (outgoing.length === 0 && given === undefined)) {
      return await finish(context, standing, options, planEnd(current), current.id)
    }
    const next = given ?? automatic(standing, outgoing)
    const steps = [...planMark(current), ...planReplace('retire', current.id, next.text)]
    const version = versionIdFor('retire', current.id, next.text)
    const patterns = given === undefined ? outgoing.map(({ pattern }) => pattern) : undefined
    return await replace(context, standing, { next, steps, version, patterns }, options)
  })
}

function automatic(standing: Standing, outgoing: readonly PinPlace[]): WrittenPolicy {
  const { secret, rotation } = standing
  if (policyOf(standing, rotation.current).isSigned) {
    throw refusal(
      'the policy is signed: without its old pins its signature is good no more',
      `take them out, raise the serial, sign it, and give the file: rotate retire ${secret.id} <file>`,
    )
  }
  const next = successorOf(standing, outgoing)
  if (next !== undefined) return next
  throw refusal(
    `without its old pins a list would be empty: ${outgoing.map(describePlace).join(', ')}`,
    `the new pin has to stand beside the old one; to keep every pin: rotate retire ${secret.id} --keep`,
  )
}

interface Replacement {
  readonly next: WrittenPolicy
  readonly steps: readonly Step[]
  readonly version: string
  /** Whose hosts are looked at; unset: all. */
  readonly patterns?: readonly string[] | undefined
}

async function replace(
  context: Context,
  standing: Standing,
  { next, steps, version, patterns }: Replacement,
  options: RetireOptions,
): Promise<ExitCode> {
  const { world, voice } = context
  const { secret, rotation } = standing
  const checked = await checkPolicy(next.policy, options, context, patterns)
  if (!checked.passes && !options.force) {
    voice.say(textOfReports(checked.reports, context))
    throw refusal(
      reasonOf(checked.reports),
      `wait for the hosts: rotate watch ${secret.id}; --force does it all the same`,
    )
  }
  const review = reviewOf(policyOf(standing, rotation.current), next, world.now())
  return await writeIfAgreed(context, options, {
    question: `put this into secret "${secret.id}"?`,
    text: [textOfReports(checked.reports, context), textOfReview(review, voice)].join('\n'),
    value: () => ({ ...checked, ...review, version }),
    write: () => perform(standing, steps),
    done: `secret "${secret.id}": version ${version} is current; the rotation is over`,
  })
}

function reasonOf(reports: readonly HostReport[]): string {
  if (reports.length === 0) return 'no host could be asked whether it serves its new key'
  const failing = reports.filter(({ passes }) => !passes).map(({ host }) => host)
  return `without the old pins, calls to ${failing.join(', ')} would fail`
}

async function finish(
  context: Context,
  standing: Standing,
  options: RetireOptions,
  steps: readonly Step[],
  version: string,
): Promise<ExitCode> {
  const { id } = standing.secret
  const place = `secret "${id}": version ${version} is current`
  if (steps.length > 0) {
    return await writeIfAgreed(context, options, {
      question: `end the rotation of secret "${id}"?`,
      text: `${place}; no pin has to go`,
      value: () => ({ version }),
      write: () => perform(standing, steps),
      done: `secret "${id}": the rotation is over`,
    })
  }
  if (mayTidy(options, context)) await perform(standing, [])
  context.voice.result({ version, written: false }, `${place}; the rotation is over`)
  return EXIT.ok
}
