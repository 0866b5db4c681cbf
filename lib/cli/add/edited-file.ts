/**
 * An edit of a policy in a file: written at once, whole or not at all.
 */

import { readFile } from 'node:fs/promises'
import { type Policy, parsePolicy } from '../../policy/document.ts'
import { decodeDocument } from '../../source/decode.ts'
import { CommandError, EXIT, type ExitCode } from '../failure.ts'
import { writeFileWhole } from '../policy/file.ts'
import { pathOf } from '../policy/place.ts'
import { readSidecar } from '../pull/sidecar.ts'
import { readWritten, type WrittenPolicy } from '../secret/document.ts'
import { textOfReview } from '../secret/review.ts'
import type { Context } from '../verb.ts'
import type { World } from '../world.ts'
import { type EditOptions, type Editor, editedOf, refuseSigned } from './edited.ts'

export async function editFile(
  context: Context,
  file: string,
  options: EditOptions,
  editor: Editor,
): Promise<ExitCode> {
  const { world, voice } = context
  const from = await readEditable(file, world)
  const edited = editedOf(from, editor(from), options, context)
  if (edited === undefined) {
    voice.result({ file, changes: [], written: false }, `${file}: nothing to change`)
    return EXIT.ok
  }
  const { to, review } = edited
  const isWritten = !options.dryRun
  if (isWritten) await writeFileWhole(file, to.text, world)
  const { serial } = to.policy
  const done = isWritten ? [`${file}: written${serial === undefined ? '' : `, serial ${serial}`}`] : []
  voice.result({ file, ...review, serial, written: isWritten }, [textOfReview(review, voice), ...done].join('\n'))
  if (!isWritten) voice.say('nothing was written: this was a dry run')
  return isWritten ? EXIT.ok : EXIT.findings
}

/** @throws {CommandError} when it is a stream or signed */
async function readEditable(file: string, world: World): Promise<WrittenPolicy> {
  if (file === '-') {
    throw new CommandError('standard input cannot be edited', 'give a file', { exitCode: EXIT.usage })
  }
  const written = (await newPolicyIn(file, world)) ?? (await readWritten(file, world))
  if (written.isSigned) refuseSigned(written, (await readSidecar(file, world))?.secret ?? '<secret>')
  return written
}

/** What `init` wrote and nobody has added to: without hosts it is no policy yet, and denies everything. */
async function newPolicyIn(file: string, world: World): Promise<WrittenPolicy | undefined> {
  // What can't be read is told by the reader of whole policies.
  const text = await readFile(pathOf(file, world), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const document = decodeDocument(text, file) as { readonly hosts?: unknown; readonly default?: unknown } | null
  if (JSON.stringify(document?.hosts) !== '{}' || (document?.default ?? 'deny') !== 'deny') return undefined
  const policy: Policy = { ...parsePolicy({ ...document, default: 'allow' }), default: 'deny' }
  return { name: file, text, document, isSigned: false, policy }
}
