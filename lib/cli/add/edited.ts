/**
 * A policy file before and after an edit: what is shown of it, what is refused, and how it is written. `add` and
 * `remove` differ in the edit alone.
 */

import { readFile } from 'node:fs/promises'
import { findPinnedFetchError } from '../../errors.ts'
import { type Policy, parsePolicy } from '../../policy/document.ts'
import { withNextSerial } from '../../policy/edit.ts'
import type { Hazard } from '../../policy/hazard.ts'
import { decodeDocument } from '../../source/decode.ts'
import { CommandError, EXIT, type ExitCode } from '../failure.ts'
import { writeFileWhole } from '../policy/file.ts'
import { pathOf } from '../policy/place.ts'
import { secretOf } from '../secret/address.ts'
import { policyOfText, readWritten, type WrittenPolicy } from '../secret/document.ts'
import { reviewOf, textOfReview } from '../secret/review.ts'
import type { Context } from '../verb.ts'
import type { World } from '../world.ts'

export interface EditOptions {
  readonly dryRun?: boolean
  readonly force?: boolean
}

/** The policy in a file that can be edited. @throws {CommandError} when it is a secret, a stream or signed */
export async function readEditable(place: string, world: World): Promise<WrittenPolicy> {
  const secret = secretOf(place)
  if (secret !== undefined) {
    const hint = `pinned-fetch pull ${secret} policy.json; edit the file; pinned-fetch push policy.json ${secret}`
    throw new CommandError('a secret is edited in a file', hint, { exitCode: EXIT.usage })
  }
  if (place === '-') {
    throw new CommandError('standard input cannot be edited', 'give a file', { exitCode: EXIT.usage })
  }
  const written = (await newPolicyIn(place, world)) ?? (await readWritten(place, world))
  if (!written.isSigned) return written
  throw new CommandError(`${place} is signed`, 'edit the policy that was signed, and sign it again')
}

/** Shows the difference, and writes unless that would hurt. @param more hazards that only the edit knows */
export async function finishEdit(
  { world, voice }: Context,
  from: WrittenPolicy,
  edited: string,
  { options, more = [] }: { readonly options: EditOptions; readonly more?: readonly Hazard[] },
): Promise<ExitCode> {
  const { name: file } = from
  if (edited === from.text) {
    voice.result({ file, changes: [], written: false }, `${file}: nothing to change`)
    return EXIT.ok
  }
  const to = nextPolicy(withNextSerial(edited), file)
  const review = reviewOf(from, to, world.now())
  const hazards = [...review.hazards, ...more]
  if (hazards.length > 0 && !options.force) throw refusal(hazards, { world, voice })
  const isWritten = !options.dryRun
  if (isWritten) await writeFileWhole(file, to.text, world)
  const { serial } = to.policy
  const done = isWritten ? [`${file}: written${serial === undefined ? '' : `, serial ${serial}`}`] : []
  const text = [textOfReview({ ...review, hazards }, voice), ...done].join('\n')
  voice.result({ file, ...review, hazards, serial, written: isWritten }, text)
  if (!isWritten) voice.say('nothing was written: this was a dry run')
  return isWritten ? EXIT.ok : EXIT.findings
}

/** What `init` wrote and nobody has added to: without hosts it is no policy yet, and denies everything. */
async function newPolicyIn(place: string, world: World): Promise<WrittenPolicy | undefined> {
  // What can't be read is told by the reader of whole policies.
  const text = await readFile(pathOf(place, world), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const document = decodeDocument(text, place) as { readonly hosts?: unknown; readonly default?: unknown } | null
  if (JSON.stringify(document?.hosts) !== '{}' || (document?.default ?? 'deny') !== 'deny') return undefined
  const policy: Policy = { ...parsePolicy({ ...document, default: 'allow' }), default: 'deny' }
  return { name: place, text, document, isSigned: false, policy }
}

function nextPolicy(text: string, file: string): WrittenPolicy {
  try {
    return policyOfText(text, file)
  } catch (cause) {
    const ours = findPinnedFetchError(cause)
    if (ours?.code !== 'ERR_POLICY_MALFORMED') throw cause
    const { path, problem, repair } = ours.evidence
    throw new CommandError(`the policy would be none: ${path} ${problem}`, repair, { exitCode: EXIT.refused, cause })
  }
}

function refusal(hazards: readonly Hazard[], { voice }: Context): CommandError {
  for (const { path, message } of hazards) voice.say(`${path} ${message}`)
  return new CommandError(
    `this would lock you out of ${hazards.length === 1 ? 'one thing' : `${hazards.length} things`}`,
    'keep a pin of before beside the new ones; --force does it all the same',
    { exitCode: EXIT.refused },
  )
}
