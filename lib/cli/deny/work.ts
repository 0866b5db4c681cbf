/**
 * What `deny` does: puts a key on the deny list of a policy, or takes it off.
 *
 * The first pin of a list stands for the key that the host uses. To ban that is an outage, unless the host has changed
 * its key already, which the document can't know: so it is refused until the pin is out of its entry, or said twice.
 */

import { pinListsOf } from '../../policy/difference.ts'
import type { Policy } from '../../policy/document.ts'
import { withDenied, withoutDenied } from '../../policy/edit.ts'
import type { Hazard } from '../../policy/hazard.ts'
import { pathOfHost, pathOfKey } from '../../policy/malformed.ts'
import { formatPin } from '../../policy/pin.ts'
import { pinArgument } from '../add/argument.ts'
import { editPolicy } from '../add/edit.ts'
import type { Edit, EditOptions } from '../add/edited.ts'
import { CommandError } from '../failure.ts'
import type { WrittenPolicy } from '../secret/document.ts'
import type { Context, Work } from '../verb.ts'

export interface DenyOptions extends EditOptions {
  readonly remove?: boolean
}

/** A list of an entry that holds the key. */
interface Holder {
  readonly path: string
  readonly pattern: string
  readonly name: string | undefined
  readonly isFirst: boolean
}

export const deny: Work<[string, string, DenyOptions]> = async (context, place, pin, options) => {
  const digest = pinArgument('<pin>', pin)
  const edit = options.remove ? lifted : banned
  return await editPolicy(context, place, options, (from) => edit(from, digest, place, context))
}

function banned(from: WrittenPolicy, digest: string, place: string, { voice }: Context): Edit {
  if (from.policy.deny.has(digest)) return { text: from.text }
  const holders = holdersOf(from.policy, digest)
  for (const { path, name } of holders) {
    voice.say(`${path} holds it${name === undefined ? '' : `, as "${name}"`}: there it matches no more`)
  }
  // Of an issuer, say: a list of pins can't tell what stands above a pinned leaf.
  if (holders.length === 0) {
    voice.say(`no entry pins it; whether it is in the path of a host, a look tells: pinned-fetch check ${place}`)
  }
  const inUse = holders.filter(({ isFirst }) => isFirst)
  const more = inUse.map(({ path }): Hazard => ({ code: 'host-refused', path, message: IN_USE }))
  const patterns = [...new Set(inUse.map(({ pattern }) => pattern))]
  const commands = patterns.map((pattern) => `pinned-fetch remove ${place} '${pattern}' --pin ${formatPin(digest)}`)
  const hint = [
    'when the host has another key, take the pin out first',
    ...commands,
    '--force does it all the same',
  ].join('; ')
  return { text: withDenied(from.text, digest), more, ...(inUse.length === 0 ? {} : { hint }) }
}

const IN_USE = 'has it as its first pin, the key in use: what the host serves today is refused'

function lifted(from: WrittenPolicy, digest: string, _place: string, { voice }: Context): Edit {
  if (!from.policy.deny.has(digest)) {
    const known = [...from.policy.deny].map(formatPin).join(', ')
    throw new CommandError(`${from.name} does not deny ${formatPin(digest)}`, `it denies ${known || 'no key'}`)
  }
  for (const { path } of holdersOf(from.policy, digest)) voice.say(`${path} holds it: there it matches again`)
  return { text: withoutDenied(from.text, digest) }
}

function holdersOf({ hosts }: Policy, digest: string): readonly Holder[] {
  return [...hosts.entries()].flatMap((entry) =>
    pinListsOf(entry).flatMap(([list, pins]) => {
      const index = pins.findIndex(({ sha256 }) => sha256 === digest)
      if (index === -1) return []
      const pattern = entry.pattern.text
      return [
        { path: pathOfKey(pathOfHost('hosts', pattern), list), pattern, name: pins[index]?.name, isFirst: index === 0 },
      ]
    }),
  )
}
