/**
 * What `remove` does: pins, or a whole entry, out of a policy.
 */

import { pinListsOf } from '../../policy/difference.ts'
import type { HostEntry } from '../../policy/document.ts'
import { withoutHost, withoutHostPins } from '../../policy/edit.ts'
import type { Hazard } from '../../policy/hazard.ts'
import { pathOfHost, pathOfKey } from '../../policy/malformed.ts'
import { formatPin } from '../../policy/pin.ts'
import { hostArgument, pinArgument } from '../add/argument.ts'
import { editPolicy } from '../add/edit.ts'
import type { EditOptions } from '../add/edited.ts'
import { entryOf } from '../add/entry.ts'
import { CommandError } from '../failure.ts'
import type { Work } from '../verb.ts'

export interface RemoveOptions extends EditOptions {
  readonly pin?: readonly string[]
}

export const remove: Work<[string, string, RemoveOptions]> = async (context, place, host, options) => {
  const pattern = hostArgument(host)
  const digests = (options.pin ?? []).map((text) => pinArgument('--pin', text))
  return await editPolicy(context, place, options, (from) => {
    const entry = entryOf(from, pattern)
    for (const digest of digests) refuseUnknownPin(entry, digest)
    if (digests.length === 0 && from.policy.default !== 'deny') {
      context.voice.say(`warning: without another entry, calls to ${pattern.text} are not pinned any more`)
    }
    const text = digests.length === 0 ? withoutHost(from.text, host) : withoutHostPins(from.text, host, digests)
    return { text, more: emptiedLists(entry, digests) }
  })
}

function refuseUnknownPin(entry: HostEntry, digest: string): void {
  if (pinListsOf(entry).some(([, pins]) => pins.some(({ sha256 }) => sha256 === digest))) return
  const known = pinListsOf(entry).flatMap(([, pins]) => pins.map(({ sha256 }) => formatPin(sha256)))
  throw new CommandError(`"${entry.pattern.text}" has no pin ${formatPin(digest)}`, `it has ${known.join(', ')}`)
}

/** Lists that lose their last pin: what they ask for would not be asked any more. */
function emptiedLists(entry: HostEntry, digests: readonly string[]): readonly Hazard[] {
  return pinListsOf(entry)
    .filter(([, pins]) => pins.every(({ sha256 }) => digests.includes(sha256)))
    .map(([list]) => ({
      code: 'no-pin-can-match' as const,
      path: pathOfKey(pathOfHost('hosts', entry.pattern.text), list),
      message: 'loses its last pin, and goes: nothing of it would be asked any more',
    }))
}
