/**
 * The policy document: from a parsed JSON value to a `Policy`, or to an error that names the place and the repair.
 *
 * Two forms: `{ "version": 1, "hosts": { … }, … }`, and for people in a hurry `{ "<host>": [<pins>] }`, which is what a
 * document without `version` and `hosts` is taken for. Nothing is guessed: an unknown key, a wrong type or an
 * impossible date refuses the whole document, so that no typing error weakens it.
 *
 * Not here: JSON text, signatures, whether a `serial` went back (it takes the last one to know), and the list of public
 * suffixes, which is an argument (public-suffix.ts).
 */
import { parseAnchor } from './anchor.ts'
import {
  choiceOf,
  type Fields,
  listOf,
  nonEmptyListOf,
  type Parse,
  parseField,
  parseFields,
  parseObject,
  parseOptional,
  refuseUnknownKeys,
} from './fields.ts'
import { freezeRecord } from './frozen-record.ts'
import { freezeSet } from './frozen-set.ts'
import { type HostPattern, parseHostPattern } from './host.ts'
import { HostTable } from './host-table.ts'
import { parseInstant } from './instant.ts'
import { kindOf, malformed, pathOfHost, pathOfKey } from './malformed.ts'
import { type Pin, parseBarePin, parsePin } from './pin.ts'
import type { IsPublicSuffix } from './public-suffix.ts'

/** What one pattern asks of the hosts it covers. At least one of the three lists is there, and none is empty. */
export interface HostEntry {
  readonly pattern: HostPattern
  /** At least one key of the path is one of these. */
  readonly pins?: readonly Pin[]
  /** The leaf's key is one of these; with `issuerPins`, both must match. */
  readonly leafPins?: readonly Pin[]
  /** A key above the leaf is one of these; with `leafPins`, both must match. */
  readonly issuerPins?: readonly Pin[]
  /** What holds where `reportUntil` doesn't. With a `reportUntil` it is always `enforce`, whatever was written. */
  readonly mode: 'enforce' | 'report'
  /** Until this instant `report`, from then on `enforce` again by itself. Milliseconds since the epoch; unset: `mode`. */
  readonly reportUntil?: number
  /** After this instant `onExpiry` says what happens. Milliseconds since the epoch; unset: never. */
  readonly expires?: number
  readonly onExpiry: 'enforce' | 'report'
  /** The only roots that this host's paths may end in, each one certificate in PEM; unset: the guard's own set. */
  readonly anchors?: readonly string[]
}

/** A document that was read and found whole; deeply frozen. */
export interface Policy {
  /** Rises with every publication; unset: the document has none. */
  readonly serial?: number
  /** What happens to a host that no entry covers. */
  readonly default: 'deny' | 'report' | 'allow'
  readonly hosts: HostTable<HostEntry>
  /** Keys never accepted anywhere in a path: canonical base64 SHA-256, without prefix. */
  readonly deny: ReadonlySet<string>
}

const DOCUMENT_KEYS = ['version', 'serial', 'default', 'hosts', 'deny'] as const

const PIN_LISTS = ['pins', 'leafPins', 'issuerPins'] as const

const EXAMPLE = '{ "version": 1, "hosts": { "api.partner.example": { "pins": ["sha256/…", "sha256/…"] } } }'

const parsePins = nonEmptyListOf('a pin', parsePin)

const parseAnchors = nonEmptyListOf('a certificate', parseAnchor)

const parseDenied = listOf('the pins', parseBarePin)

const parseMode = choiceOf(['enforce', 'report'])

const parseDefault = choiceOf(['deny', 'report', 'allow'])

type EntryFields = { -readonly [Key in keyof HostEntry]?: HostEntry[Key] }

const ENTRY_FIELDS: { readonly [Key in Exclude<keyof HostEntry, 'pattern'>]-?: Parse<HostEntry[Key]> } = {
  pins: parsePins,
  leafPins: parsePins,
  issuerPins: parsePins,
  mode: parseMode,
  reportUntil: parseInstant,
  expires: parseInstant,
  onExpiry: parseMode,
  anchors: parseAnchors,
}

const ENTRY_KEYS = Object.keys(ENTRY_FIELDS)

/**
 * Reads a document. Throws `ERR_POLICY_MALFORMED`.
 *
 * @param isSuffix asked for every wildcard, and for nothing else
 */
export function readPolicy(input: unknown, isSuffix: IsPublicSuffix): Policy {
  if (typeof input === 'string') throw malformed('', 'is a string', `parse the JSON first; write ${EXAMPLE}`)
  const document = parseObject(input, '', `write ${EXAMPLE}`)
  if (document.values.size === 0) throw malformed('', 'is an empty object', `write ${EXAMPLE}`)
  const isFull = document.values.has('version') || document.values.has('hosts')
  return freezeRecord(isFull ? parseFull(document, isSuffix) : parseShort(document, isSuffix))
}

function parseFull(document: Fields, isSuffix: IsPublicSuffix): Policy {
  // A document of another version may have other keys: say so first.
  parseField(document, 'version', parseVersion)
  refuseUnknownKeys(document, DOCUMENT_KEYS)
  for (const key of ['version', 'hosts']) {
    if (!document.values.has(key)) throw malformed(key, 'is missing', `write ${EXAMPLE}`)
  }
  const policy = {
    ...parseOptional(document, 'serial', parseSerial),
    default: parseField(document, 'default', parseDefault) ?? 'deny',
    hosts: parseHosts(parseObject(document.values.get('hosts'), 'hosts', `write ${EXAMPLE}`), parseEntry, isSuffix),
    deny: freezeSet(new Set(parseField(document, 'deny', parseDenied))),
  } satisfies Policy
  if (policy.hosts.size === 0 && policy.default === 'deny') {
    throw malformed(
      'hosts',
      'is empty, and the default for all other hosts is "deny": no call could be made',
      `write ${EXAMPLE}`,
    )
  }
  return policy
}

function parseShort(document: Fields, isSuffix: IsPublicSuffix): Policy {
  for (const key of DOCUMENT_KEYS) {
    if (document.values.has(key))
      throw malformed(key, 'stands in a document without "version" and "hosts"', `write ${EXAMPLE}`)
  }
  return { default: 'deny', hosts: parseHosts(document, parseShortEntry, isSuffix), deny: freezeSet(new Set()) }
}

type ParseEntry = (input: unknown, path: string, pattern: HostPattern) => HostEntry

function parseHosts(hosts: Fields, parseOne: ParseEntry, isSuffix: IsPublicSuffix): HostTable<HostEntry> {
  const writtenAs = new Map<string, string>()
  const entries: [HostPattern, HostEntry][] = []
  for (const [key, value] of hosts.values) {
    const path = pathOfHost(hosts.path, key)
    const pattern = parseHostPattern(key, path)
    if (pattern.kind !== 'exact' && isSuffix(pattern.base)) {
      throw malformed(
        path,
        'has a wildcard over a public suffix: it would cover names of strangers',
        'write the names that you call, or a wildcard below a name that one owner holds',
      )
    }
    const earlier = writtenAs.get(pattern.text)
    if (earlier !== undefined) {
      throw malformed(
        path,
        `covers the same hosts as ${JSON.stringify(earlier)}`,
        `keep one entry, as "${pattern.text}"`,
      )
    }
    writtenAs.set(pattern.text, key)
    entries.push([pattern, parseOne(value, path, pattern)])
  }
  return new HostTable(entries)
}

function parseShortEntry(input: unknown, path: string, pattern: HostPattern): HostEntry {
  if (!Array.isArray(input)) {
    throw malformed(
      path,
      `is ${kindOf(input)}, not an array of pins`,
      `write ${EXAMPLE}, or { "<host>": ["sha256/…"] }`,
    )
  }
  return freezeRecord<HostEntry>({ pattern, pins: parsePins(input, path), mode: 'enforce', onExpiry: 'enforce' })
}

function parseEntry(input: unknown, path: string, pattern: HostPattern): HostEntry {
  const fields = parseObject(input, path, 'write { "pins": ["sha256/…", "sha256/…"] }')
  refuseUnknownKeys(fields, ENTRY_KEYS)
  if (!PIN_LISTS.some((key) => fields.values.has(key))) {
    throw malformed(path, 'has no pins', 'add "pins", or "leafPins" and "issuerPins"')
  }
  if (fields.values.has('onExpiry') && !fields.values.has('expires')) {
    throw malformed(pathOfKey(path, 'onExpiry'), 'stands without "expires"', 'add "expires", or remove "onExpiry"')
  }
  const entry = parseFields<EntryFields>(fields, ENTRY_FIELDS)
  entry.pattern = pattern
  // Break-glass must end: "report" beside a "reportUntil" would go on for ever.
  if (entry.mode === undefined || entry.reportUntil !== undefined) entry.mode = 'enforce'
  entry.onExpiry ??= 'enforce'
  return Object.freeze(entry) as HostEntry
}

function parseVersion(input: unknown, path: string): void {
  if (input !== 1) throw malformed(path, 'is not 1, the only version that this release reads', 'write "version": 1')
}

function parseSerial(input: unknown, path: string): number {
  if (typeof input === 'number' && Number.isSafeInteger(input) && input >= 0) return input
  const problem =
    typeof input === 'number' ? 'is not a whole number from 0 to 2^53-1' : `is ${kindOf(input)}, not a number`
  throw malformed(path, problem, 'write a whole number that rises with every publication')
}
