/**
 * What `audit` does: look, compare with the last time, write. It ends as `check` does.
 */

import { exitOf, inspect, type LookOptions, uncheckedNote } from '../check/inspection.ts'
import { countsOf } from '../check/text.ts'
import { writeFileWhole } from '../policy/file.ts'
import type { Work } from '../verb.ts'
import { auditOf } from './audit.ts'
import { changesBetween } from './change.ts'
import { markdownOf } from './markdown.ts'
import { pageOf } from './page.ts'
import { readAudit } from './previous.ts'

export interface AuditOptions extends LookOptions {
  readonly since?: string
  readonly html?: string
}

export const audit: Work<[string, AuditOptions]> = async (context, place, options) => {
  const { world, voice } = context
  const previous = options.since === undefined ? undefined : await readAudit(options.since, world)
  const plain = auditOf(await inspect(place, [], options, context))
  const since = previous && { at: previous.at, changes: changesBetween(previous, plain) }
  const result = since === undefined ? plain : { ...plain, since }
  if (options.html !== undefined) await writeFileWhole(options.html, pageOf(result).toString(), world)
  voice.result(result, markdownOf(result))
  const note = uncheckedNote(result.unchecked)
  if (note !== undefined) voice.say(note)
  const changed = since === undefined ? '' : `, ${since.changes.length} changes since ${since.at}`
  voice.say(`${result.policy.name}: ${countsOf(result.hosts)}, ${result.findings.length} findings${changed}`)
  if (options.html !== undefined) voice.say(`written to ${options.html}`)
  return exitOf(result.hosts)
}
