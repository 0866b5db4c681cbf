/**
 * What `doctor` does: gather, diagnose, tell; and end with 1 when something fails.
 */

import { CommandError, EXIT } from '../failure.ts'
import { parseMoment } from '../instant.ts'
import { writeFileWhole } from '../policy/file.ts'
import type { Work } from '../verb.ts'
import { bundleOf, reportOf } from './bundle.ts'
import { diagnose } from './diagnosis.ts'
import { type GatherOptions, gather } from './gather.ts'
import { textOf } from './text.ts'

export interface DoctorOptions extends Omit<GatherOptions, 'at'> {
  readonly at?: string
  readonly bundle?: string
}

export const doctor: Work<[string, DoctorOptions]> = async ({ world, voice }, place, options) => {
  const { bundle, at, ...others } = options
  const instant = timeOf(options)
  const facts = await voice.during('looking', () => gather(place, { ...others, at: instant }, world))
  const diagnosis = diagnose(facts)
  voice.result(reportOf(facts, diagnosis), textOf(diagnosis, voice))
  if (bundle !== undefined) {
    await writeFileWhole(bundle, `${JSON.stringify(bundleOf(facts, diagnosis), null, 2)}\n`, world)
    voice.say(`${bundle}: names, addresses and certificates; read it before you give it away`)
  }
  return diagnosis.cause === undefined ? EXIT.ok : EXIT.findings
}

function timeOf({ at, chain, proxy, address }: DoctorOptions): number | undefined {
  const live = proxy === undefined ? (address === undefined ? undefined : '--address') : '--proxy'
  if (chain !== undefined && live !== undefined) {
    throw new CommandError(`${live} goes with a live host, not with --chain`, 'leave one of them out', {
      exitCode: EXIT.usage,
    })
  }
  if (at === undefined) return undefined
  if (chain === undefined) {
    throw new CommandError('--at goes with --chain: a live host is judged now', 'leave --at out', {
      exitCode: EXIT.usage,
    })
  }
  return parseMoment('--at', at)
}
