/**
 * What `add` does: pins, and what an entry says beside them, into a policy, as if typed there.
 */

import type { PinList } from '../../policy/difference.ts'
import { type NewPin, withPins, withSetting } from '../../policy/edit.ts'
import { formatInstant } from '../../policy/instant.ts'
import { parsePin } from '../../policy/pin.ts'
import { CommandError, EXIT } from '../failure.ts'
import { parseEnd } from '../instant.ts'
import type { Work } from '../verb.ts'
import type { World } from '../world.ts'
import { hostArgument, pinArgument } from './argument.ts'
import { editPolicy } from './edit.ts'
import type { EditOptions } from './edited.ts'
import { entryOf, findEntry } from './entry.ts'
import { type SettingOptions, settingsOf } from './settings.ts'

export interface AddOptions extends EditOptions, Omit<SettingOptions, 'force'> {
  readonly pin?: readonly string[]
  readonly leafPin?: readonly string[]
  readonly issuerPin?: readonly string[]
  readonly name?: string
  readonly expires?: string
}

export const add: Work<[string, string, AddOptions]> = async (context, place, host, options) => {
  const { world, voice } = context
  const pattern = hostArgument(host)
  const pins = pinsOf(options, world)
  const settings = settingsOf(options, world)
  if (pins.length === 0 && settings.length === 0) throw nothingGiven()
  return await editPolicy(context, place, options, (from) => {
    if (pins.length === 0) entryOf(from, pattern)
    if (findEntry(from.policy, pattern) === undefined && from.policy.default === 'allow') {
      voice.say(`${pattern.text}: calls to it were not pinned; pinned-fetch check ${place} sees whether its pins match`)
    }
    const text = settings.reduce(
      (written, [setting, value]) => withSetting(written, host, setting, value),
      withPins(from.text, host, pins),
    )
    return { text }
  })
}

function nothingGiven(): CommandError {
  const hint = 'give --pin, --leaf-pin or --issuer-pin; pinned-fetch pin <host> finds them'
  return new CommandError('no pin is given', hint, { exitCode: EXIT.usage })
}

function pinsOf(options: AddOptions, world: World): readonly NewPin[] {
  const { pin = [], leafPin = [], issuerPin = [], name, expires } = options
  const typed: readonly (readonly [PinList, string, readonly string[]])[] = [
    ['pins', '--pin', pin],
    ['leafPins', '--leaf-pin', leafPin],
    ['issuerPins', '--issuer-pin', issuerPin],
  ]
  const until = expires === undefined ? undefined : formatInstant(parseEnd('--expires', expires, world.now()))
  const pins = typed.flatMap(([list, option, texts]) =>
    texts.map((text) => ({ list, sha256: pinArgument(option, text), name, expires: until })),
  )
  if (pins.length === 0 && (name ?? expires) !== undefined) {
    const hint = 'name the pin as well; the end of an entry is --entry-expires'
    throw new CommandError('--name and --expires are of a pin', hint, { exitCode: EXIT.usage })
  }
  if (name !== undefined && pins.length > 1) {
    throw new CommandError('--name is for one pin', 'add the others by a command of their own', {
      exitCode: EXIT.usage,
    })
  }
  refuseBadName(name, pins)
  return pins
}

function refuseBadName(name: string | undefined, [first]: readonly NewPin[]): void {
  if (name === undefined) return
  try {
    parsePin({ sha256: first?.sha256, name }, '--name')
  } catch (cause) {
    const hint = 'write 1 to 128 characters, without line ends'
    throw new CommandError('--name is no name', hint, { exitCode: EXIT.usage, cause })
  }
}
