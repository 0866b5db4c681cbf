/**
 * The settings of the preload, from the environment: it runs before any code that could pass options.
 *
 * Every name that begins like ours must be one that is known: a slip in `PINNED_FETCH_VERIFY_KEYS` would otherwise
 * silently be "documents are not signed".
 */

import { PinnedFetchError } from '../../errors.ts'
import { PROXY_FORM, parseProxyAddress } from '../../net/proxy/address.ts'
import type { GuardOptions } from '../../options.ts'
import { splitVerifyKeys } from '../../source/verify-key.ts'

type Variables = Readonly<Record<string, string | undefined>>

const PREFIX = 'PINNED_FETCH_'

const SETTINGS = ['SECRET_ID', 'MODE', 'VERIFY_KEYS', 'PROXY'].map((name) => PREFIX + name)

/** Read by the deployed probe and rotation functions, in whose environment the preload may be, too. */
const SETTINGS_OF_OTHERS = ['PROBE_HOSTS', 'APPROVAL'].map((name) => PREFIX + name)

/** @throws {PinnedFetchError} `ERR_CONFIGURATION`, naming the variable and the repair */
export function optionsFromEnvironment(variables: Variables = process.env): GuardOptions {
  const known = [...SETTINGS, ...SETTINGS_OF_OTHERS]
  const strange = Object.keys(variables).find((name) => name.startsWith(PREFIX) && !known.includes(name))
  if (strange !== undefined) throw wrong(strange, 'is unknown', `use one of: ${SETTINGS.join(', ')}`)
  return {
    secretId: secretIds(variables['PINNED_FETCH_SECRET_ID']),
    ...optional('mode', modeOf(variables['PINNED_FETCH_MODE'])),
    ...optional('verifyKeys', verifyKeys(variables['PINNED_FETCH_VERIFY_KEYS'])),
    ...optional('proxy', proxyOf(variables['PINNED_FETCH_PROXY'])),
  }
}

function secretIds(text: string | undefined): readonly string[] {
  const ids = (text ?? '').split(',').map((id) => id.trim())
  if (!ids.includes('')) return ids
  const problem = text === undefined ? 'is missing: there is no source of pins' : 'holds an empty name'
  throw wrong('PINNED_FETCH_SECRET_ID', problem, 'give it the name or ARN of a secret, or several with commas between')
}

function modeOf(text: string | undefined): GuardOptions['mode'] {
  if (text === undefined || text === 'enforce' || text === 'report') return text
  throw wrong('PINNED_FETCH_MODE', 'has a value of the wrong kind', 'give it enforce or report, or unset it')
}

function verifyKeys(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined
  // Where a variable can hold one line only, line ends are written as \n.
  const keys = splitVerifyKeys(text.replaceAll('\\n', '\n'))
  if (keys !== undefined && keys.length > 0) return keys
  const repair = 'give it public keys in PEM ("BEGIN PUBLIC KEY"), Ed25519 or P-256, one after the other, or unset it'
  throw wrong('PINNED_FETCH_VERIFY_KEYS', 'has a value of the wrong kind', repair)
}

function proxyOf(text: string | undefined): string | undefined {
  if (text === undefined || text === 'environment' || parseProxyAddress(text) !== undefined) return text
  throw wrong('PINNED_FETCH_PROXY', 'has a value of the wrong kind', `give it "environment" or ${PROXY_FORM}`)
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined): { [N in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [N in Name]?: Value }
}

function wrong(option: string, problem: string, repair: string): PinnedFetchError {
  return new PinnedFetchError('ERR_CONFIGURATION', { option, problem, repair })
}
