/**
 * How something is written to a secret: what would change is shown, whoever sits at the terminal is asked, it is done,
 * and what was done is told.
 *
 * Nobody is asked where nobody could answer: without a terminal nothing is written unless `--yes` says so.
 */

import { EXIT, type ExitCode } from '../failure.ts'
import type { Context } from '../verb.ts'
import type { Voice } from '../voice.ts'
import { DRY_RUN, type WriteOptions } from './review.ts'

export interface Change {
  /** `put this into secret "prod/pins"?` */
  readonly question: string
  /** What would change, for people. */
  readonly text: string
  /** The same for `--json`; whether it was written is added. */
  readonly value: (isWritten: boolean) => object
  readonly write: () => Promise<unknown>
  /** What is told once it is written; empty: the text says it all. */
  readonly done: string
}

type Agreement = 'given' | 'refused' | 'not asked'

/** Shows, asks, writes and tells. */
export async function writeIfAgreed(
  { voice }: Pick<Context, 'voice'>,
  options: WriteOptions,
  { question, text, value, write, done }: Change,
): Promise<ExitCode> {
  const isAsked = mustAsk(options, voice)
  if (isAsked) show(voice, text)
  const agreement = isAsked ? await askedFor(question, voice) : options.yes && !options.dryRun ? 'given' : 'not asked'
  const isWritten = agreement === 'given'
  if (isWritten) await write()
  const parts = [isAsked ? '' : text, isWritten ? done || (isAsked ? 'done' : '') : ''].filter((part) => part !== '')
  if (voice.isJson || parts.length > 0) {
    voice.result({ ...value(isWritten), written: isWritten }, parts.join('\n'))
  }
  if (!isWritten) voice.say(agreement === 'refused' ? 'nothing was written' : DRY_RUN)
  return isWritten ? EXIT.ok : EXIT.findings
}

/** Whether a step without anything to show may write: it was asked for, or somebody sits there. */
export function mayTidy({ yes = false, dryRun = false }: WriteOptions, { voice }: Pick<Context, 'voice'>): boolean {
  return !dryRun && (yes || voice.hasListener)
}

function mustAsk({ yes = false, dryRun = false }: WriteOptions, voice: Voice): boolean {
  return !yes && !dryRun && voice.hasListener
}

async function askedFor(question: string, voice: Voice): Promise<Agreement> {
  return (await voice.ask(question)) ? 'given' : 'refused'
}

/** With `--json` standard output holds the result and nothing else. */
function show(voice: Voice, text: string): void {
  if (voice.isJson) voice.say(text)
  else voice.result(undefined, text)
}
