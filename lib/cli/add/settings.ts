/**
 * What `add` writes into an entry beside pins: until when failures are only reported (break-glass), and when the entry
 * ends.
 */

import type { EntrySetting } from '../../policy/edit.ts'
import { daysUntil, formatInstant } from '../../policy/instant.ts'
import { CommandError, EXIT } from '../failure.ts'
import { parseEnd } from '../instant.ts'
import type { World } from '../world.ts'

/** As they were typed; `false`: `--no-…`. */
export interface SettingOptions {
  readonly reportUntil?: string | false
  readonly entryExpires?: string | false
  readonly onExpiry?: 'enforce' | 'report'
  readonly force?: boolean
}

/** @param 1 unset: it is taken out */
export type Setting = readonly [setting: EntrySetting, value: string | undefined]

/** For how long pins may be opened by one word. Who needs more than a week has no emergency but another policy. */
const LONGEST_REPORT_DAYS = 7

const DAY_MS = 86_400_000

export function settingsOf(options: SettingOptions, world: World): readonly Setting[] {
  const { entryExpires, onExpiry } = options
  return [
    ...reportUntilOf(options, world),
    ...endOf('expires', '--entry-expires', entryExpires, world),
    // It has no meaning without its date.
    ...(entryExpires === false && onExpiry === undefined ? [['onExpiry', undefined] as const] : []),
    ...(onExpiry === undefined ? [] : [['onExpiry', onExpiry] as const]),
  ]
}

function reportUntilOf({ reportUntil, force = false }: SettingOptions, world: World): readonly Setting[] {
  const settings = endOf('reportUntil', '--report-until', reportUntil, world)
  const [, value] = settings[0] ?? []
  const now = world.now()
  if (value === undefined || force || Date.parse(value) - now <= LONGEST_REPORT_DAYS * DAY_MS) return settings
  throw new CommandError(
    `--report-until ${reportUntil} is ${daysUntil(Date.parse(value), now)} days ahead: until then no pin of this host blocks anything`,
    `an emergency takes hours: give at most ${LONGEST_REPORT_DAYS}d; --force does it all the same`,
    { exitCode: EXIT.refused },
  )
}

function endOf(
  setting: EntrySetting,
  option: string,
  typed: string | false | undefined,
  world: World,
): readonly Setting[] {
  if (typed === undefined) return []
  return [[setting, typed === false ? undefined : formatInstant(parseEnd(option, typed, world.now()))]]
}
