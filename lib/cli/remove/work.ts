/**
 * What `remove` does: pins, or a whole entry, out of a policy file.
 */

import { pinListsOf } from '../../policy/difference.ts'
import type { HostEntry, Policy } from '../../policy/document.ts'
import { withoutHost, withoutHostPins } from '../../policy/edit.ts'
import type { Hazard } from '../../policy/hazard.ts'
import type { HostPattern } from '../../policy/host.ts'
import { pathOfHost, pathOfKey } from '../../policy/malformed.ts'
import { formatPin } from '../../policy/pin.ts'
import { hostArgument, pinArgument } from '../add/argument.ts'
import { type EditOptions, finishEdit, readEditable } from '../add/edited.ts'
import { CommandError, EXIT } from '../failure.ts'
import type { Work } from '../verb.ts'

export interface RemoveOptions extends EditOptions {
  readonly pin?: readonly string[]
}

/** The port asked about where a pattern covers all of them. */
const HTTPS_PORT = 443

export const remove: Work<[string, string, RemoveOptions]> = async (context, place, host, options) => {
  const { world, voice } = context
  const pattern = hostArgument(host)
  const digests = (options.pin ?? []).map((text) => pinArgument('--pin', text))
  const from = await readEditable(place, world)
  const entry = entryOf(from.policy, pattern, place)
  for (const digest of digests) refuseUnknownPin(entry, digest)
  const edited = digests.length === 0 ? withoutHost(from.text, host) : withoutHostPins(from.text, host, digests)
  if (digests.length === 0 && from.policy.default !== 'deny') {
    voice.say(`warning: without another entry, calls to ${pattern.text} are not pinned any more`)
  }
  return await finishEdit(context, from, edited, { options, more: emptiedLists(entry, digests) })
}

function entryOf({ hosts }: Policy, { text, base, port }: HostPattern, place: string): HostEntry {
  const entry = [...hosts.entries()].find(({ pattern }) => pattern.text === text)
  if (entry !== undefined) return entry
  const cover = hosts.find(base, port ?? HTTPS_PORT)
  const hint =
    cover === undefined ? `pinned-fetch lint ${place} reads it` : `"${cover.pattern.text}" covers it: name that`
  throw new CommandError(`${place} has no entry "${text}"`, hint, { exitCode: EXIT.failed })
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
