/**
 * What `export` does: reads, says what gets lost, writes the rest to stdout unless what gets lost is protection.
 */

import type { Policy } from '../../policy/document.ts'
import { exportPolicy, TARGETS, type TargetName } from '../../policy/export/export.ts'
import type { PinRole } from '../../policy/export/keys.ts'
import type { Place } from '../../policy/export/names.ts'
import { hostArgument } from '../add/argument.ts'
import { CommandError, EXIT } from '../failure.ts'
import { readPolicy } from '../policy/place.ts'
import type { Work } from '../verb.ts'

export interface ExportOptions {
  readonly to: string
  readonly host?: readonly string[]
  readonly pinsAs?: string
  readonly force?: boolean
}

const HTTPS_PORT = 443

export const exportTo: Work<[string, ExportOptions]> = async ({ world, voice }, place, options) => {
  const target = targetOf(options.to)
  const pinsAs = roleOf(options.pinsAs)
  const { name, policy } = await readPolicy(place, world)
  const hosts = placesOf(options.host ?? [], policy, name)
  const exported = exportPolicy(policy, target, { now: world.now(), hosts, pinsAs })
  const { title, size, notes, text, value } = exported
  for (const { path, message, effect } of notes)
    voice.say(`${effect === 'weaker' ? 'weaker' : 'note'}: ${path} ${message}`)
  const lost = notes.filter(({ effect }) => effect === 'weaker').length
  if (lost > 0 && !options.force) {
    throw new CommandError(
      `as ${title} this would let through what the policy refuses (${lost === 1 ? 'one place' : `${lost} places`})`,
      'export only what can be said, with --host; --force writes it all the same',
      { exitCode: EXIT.refused },
    )
  }
  if (size === 0) {
    throw new CommandError(`nothing of ${name} can be said as ${title}`, 'see the lines above for what is in the way')
  }
  voice.result({ target, text, value, notes }, text)
  return EXIT.ok
}

function targetOf(text: string): TargetName {
  if (Object.hasOwn(TARGETS, text)) return text as TargetName
  throw new CommandError(`--to ${text} is no target`, `write one of ${Object.keys(TARGETS).join(', ')}`, {
    exitCode: EXIT.usage,
  })
}

function roleOf(text: string | undefined): PinRole | undefined {
  if (text === undefined || text === 'leaf' || text === 'issuer') return text
  throw new CommandError(`--pins-as ${text} is no role`, 'write leaf or issuer', { exitCode: EXIT.usage })
}

/** @returns undefined when none was named: every entry */
function placesOf(texts: readonly string[], policy: Policy, name: string): readonly Place[] | undefined {
  if (texts.length === 0) return undefined
  return texts.map((text) => {
    const { kind, base, port = HTTPS_PORT } = hostArgument(text)
    if (kind !== 'exact') {
      throw new CommandError(`--host ${text} is a pattern`, 'name one host', { exitCode: EXIT.usage })
    }
    if (policy.hosts.find(base, port) !== undefined) return { host: base, port }
    throw new CommandError(`no entry of ${name} covers ${text}`, `look at pinned-fetch explain ${name} ${text}`)
  })
}
