/**
 * How every refusal of this folder is made: a path into the document, what is wrong there, and how to mend it.
 *
 * The document comes out of a secret, and somebody may have put the wrong secret there. So a refusal names keys and
 * never repeats a value.
 */
import { findPinnedFetchError, PinnedFetchError } from '../errors.ts'

/** Longest key, in characters, that is repeated in a path. A DNS name has at most 253 (RFC 1035 section 2.3.4). */
const MAX_KEY_IN_PATH = 253

const IDENTIFIER = /^[A-Za-z_$][\w$]{0,63}$/

const NEEDS_NO_ESCAPE = /^[\w.*:-]{1,253}$/

/** The error for something in the document that is not a policy. */
export function malformed(path: string, problem: string, repair: string): PinnedFetchError<'ERR_POLICY_MALFORMED'> {
  return new PinnedFetchError('ERR_POLICY_MALFORMED', { path, problem, repair })
}

/** What `read` gives; a refusal of it then says where the document came from. */
export function readFrom<Value>(source: string, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    const ours = findPinnedFetchError(error)
    if (ours?.code !== 'ERR_POLICY_MALFORMED') throw error
    throw new PinnedFetchError('ERR_POLICY_MALFORMED', { ...ours.evidence, source })
  }
}

/** The path of a named key: `hosts`, `deny[0].name`, or quoted where a dot would not do. */
export function pathOfKey(parent: string, key: string): string {
  if (!IDENTIFIER.test(key)) return pathOfHost(parent, key)
  return parent === '' ? key : `${parent}.${key}`
}

/** The path of a host's entry, always quoted: `hosts["localhost"]`. */
export function pathOfHost(parent: string, pattern: string): string {
  if (NEEDS_NO_ESCAPE.test(pattern)) return `${parent}["${pattern}"]`
  const shown = pattern.length > MAX_KEY_IN_PATH ? `${pattern.slice(0, MAX_KEY_IN_PATH)}…` : pattern
  return `${parent}[${JSON.stringify(shown)}]`
}

/** The path of a list's item: `deny[0]`. */
export function pathOfItem(parent: string, index: number): string {
  return `${parent}[${index}]`
}

/** What a value is, without telling the value: `a string`, `an array`, `null`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
