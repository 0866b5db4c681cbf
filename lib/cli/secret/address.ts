/**
 * A secret as it is written in a command line, and one version of it: `prod/pins`, `secret:prod/pins`,
 * `secret:prod/pins#AWSPENDING`, `secret:arn:aws:…#<version id>`.
 *
 * `#` is in no name and in no ARN of a secret, and no shell reads it inside a word.
 */

import { CommandError, EXIT } from '../failure.ts'

/** Before the name of a secret, where a file could stand as well. */
const SECRET = 'secret:'

export const SECRET_HELP = 'the name or ARN of a secret'

export interface SecretAddress {
  readonly id: string
  /** A stage, a version id, or the first eight characters or more of one; unset: AWSCURRENT. */
  readonly version?: string | undefined
}

/** Letters, digits and `/_+=.@-` make a name; an ARN has colons as well. */
const ID = /^[\w/+=.@:-]{1,2048}$/

/** What stands behind `secret:`; `undefined`: it is a file or standard input. */
export function secretOf(place: string): string | undefined {
  return place.startsWith(SECRET) ? place.slice(SECRET.length) : undefined
}

/** @throws {CommandError} when it is not the address of a secret */
export function secretAddress(text: string): SecretAddress {
  const [id = '', version, ...more] = (secretOf(text) ?? text).split('#')
  if (!ID.test(id) || version === '' || more.length > 0) {
    throw new CommandError(`"${text}" is no secret`, `give ${SECRET_HELP}; its version after "#"`, {
      exitCode: EXIT.usage,
    })
  }
  return { id, version }
}

/** The same where a version makes no sense: a verb that writes. */
export function wholeSecret(text: string): string {
  const { id, version } = secretAddress(text)
  if (version === undefined) return id
  throw new CommandError(`"${text}" names one version, and this works on the secret`, `write ${id}`, {
    exitCode: EXIT.usage,
  })
}
