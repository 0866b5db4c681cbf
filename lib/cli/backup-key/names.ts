/**
 * The names that a certificate is asked for, in their canonical form.
 */

import { canonicalHost } from '../../policy/host.ts'
import { CommandError, EXIT } from '../failure.ts'

/** @throws {CommandError} when one of them is no host name or address */
export function requestedNames(given: readonly string[]): readonly string[] {
  return [...new Set(given.map(requestedName))]
}

function requestedName(text: string): string {
  const [, wildcard = '', rest = text] = /^(\*\.)(.*)$/s.exec(text) ?? []
  const host = canonicalHost(rest)
  if (host !== undefined && !rest.includes('*')) return `${wildcard}${host}`
  throw new CommandError(`"${text}" is no host name`, 'write names such as api.partner.example or *.partner.example', {
    exitCode: EXIT.usage,
  })
}

/** The first name as the beginning of a file's name. */
export function fileNameFor([name = 'backup']: readonly string[]): string {
  return name.replace(/^\*/, 'wildcard').replaceAll(':', '-')
}
