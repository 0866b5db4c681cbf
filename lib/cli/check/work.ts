/**
 * What `check` does: look at each host, and end with 1 when one would be refused.
 */

import { formatInstant } from '../../policy/instant.ts'
import { EXIT } from '../failure.ts'
import type { Work } from '../verb.ts'
import { exitOf, inspect, type LookOptions, uncheckedNote, wholeNumber } from './inspection.ts'
import { countsOf, textOf } from './text.ts'

export interface CheckOptions extends LookOptions {
  readonly maxWarnings?: string
}

export const check: Work<[string, string[], CheckOptions]> = async (context, place, only, options) => {
  const { voice } = context
  const allowed = options.maxWarnings === undefined ? Infinity : wholeNumber('--max-warnings', options.maxWarnings)
  const inspection = await inspect(place, only, options, context)
  const { at, found, hosts, findings, unchecked } = inspection
  const { name, version } = found
  voice.result(
    { at: formatInstant(at), policy: { name, version }, hosts, findings, unchecked },
    textOf(inspection, voice),
  )
  const note = uncheckedNote(unchecked)
  if (note !== undefined) voice.say(note)
  const warnings = findings.filter(({ severity }) => severity === 'warning').length
  voice.say(`${name}: ${countsOf(hosts)}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`)
  const exitCode = exitOf(hosts)
  return exitCode === EXIT.ok && warnings > allowed ? EXIT.findings : exitCode
}
