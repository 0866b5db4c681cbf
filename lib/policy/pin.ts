/**
 * A pin: the base64 SHA-256 of a certificate's DER SubjectPublicKeyInfo (RFC 7469 section 2.4), with the name and the
 * end that people gave it.
 *
 * Base64 is read strictly (RFC 4648 section 4, canonical): one digest has one spelling, so pins compare as strings.
 *
 * Not here: finding the SubjectPublicKeyInfo in a certificate (`lib/x509`), deciding anything (`lib/judge.ts`).
 */
import { createHash } from 'node:crypto'
import { type Parse, parseObject, parseOptional, refuseUnknownKeys } from './fields.ts'
import { parseInstant } from './instant.ts'
import { kindOf, malformed, pathOfKey } from './malformed.ts'

export interface Pin {
  /** Canonical base64 of 32 bytes: 44 characters, without the `sha256/` prefix. */
  readonly sha256: string
  /** What people call the key: "next key". No meaning for the machine. */
  readonly name?: string
  /** After this instant the pin no longer matches. Milliseconds since the epoch; unset: it never ends. */
  readonly expires?: number
}

const KEYS = ['sha256', 'name', 'expires'] as const

const PREFIX = 'sha256/'

/** Bytes of a SHA-256 digest (FIPS 180-4). */
const DIGEST_BYTES = 32

/** Longest name of a pin, in characters: it goes into log lines and metric records. */
const MAX_NAME = 128

const EXAMPLE = 'such as "sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME="'

/** Reads `"sha256/<base64>"` or `{ "sha256": "<base64>", "name"?, "expires"? }`. */
export function parsePin(input: unknown, path: string): Pin {
  if (typeof input === 'string') return Object.freeze({ sha256: parseDigest(input, path) })
  const fields = parseObject(input, path, `write a pin ${EXAMPLE}, or { "sha256": "<base64>" }`)
  refuseUnknownKeys(fields, KEYS)
  const sha256Path = pathOfKey(path, 'sha256')
  const sha256 = fields.values.get('sha256')
  if (!fields.values.has('sha256')) throw malformed(sha256Path, 'is missing', 'add the base64 SHA-256 of the key')
  if (typeof sha256 !== 'string') {
    throw malformed(sha256Path, `is ${kindOf(sha256)}, not a string`, 'write the base64 SHA-256 of the key')
  }
  if (sha256.startsWith(PREFIX)) {
    throw malformed(sha256Path, `repeats the prefix "${PREFIX}"`, 'under the key "sha256", write the base64 alone')
  }
  return Object.freeze({
    sha256: parseBase64(sha256, sha256Path),
    ...parseOptional(fields, 'name', parseName),
    ...parseOptional(fields, 'expires', parseInstant),
  })
}

/** Reads `"sha256/<base64>"` alone, where neither a name nor an end has a meaning: the deny list. */
export const parseBarePin: Parse<string> = (input, path) => {
  if (typeof input === 'string') return parseDigest(input, path)
  throw malformed(path, `is ${kindOf(input)}, not a string`, `write a pin ${EXAMPLE}`)
}

/** The form people read and paste: `sha256/<base64>`. */
export function formatPin(sha256: string): string {
  return `${PREFIX}${sha256}`
}

/** The base64 SHA-256 of a DER SubjectPublicKeyInfo, exactly as it stands in the certificate (RFC 7469 section 2.4). */
export function pinOfSpki(spki: Uint8Array): string {
  return createHash('sha256').update(spki).digest('base64')
}

function parseDigest(text: string, path: string): string {
  if (text.startsWith(PREFIX)) return parseBase64(text.slice(PREFIX.length), path)
  if (/^(?:pin-)?sha-?256[/=:-]/i.test(text)) {
    throw malformed(path, `does not begin with "${PREFIX}"`, `write a pin ${EXAMPLE}`)
  }
  const algorithm = /^(md5|sha-?(?:1|224|384|512))[/=:-]/i.exec(text)?.[1]
  if (algorithm !== undefined) {
    throw malformed(
      path,
      `is a ${algorithm.toLowerCase()} digest, and only SHA-256 pins a key`,
      `write a pin ${EXAMPLE}`,
    )
  }
  throw malformed(path, `does not begin with "${PREFIX}"`, `write "${PREFIX}" before the base64, ${EXAMPLE}`)
}

/** What people paste instead of canonical base64, in the order in which it is recognised. */
const MISTAKES: readonly { readonly sign: RegExp; readonly problem: string; readonly repair: string }[] = [
  { sign: /^$/, problem: 'holds no digest', repair: 'add the base64 SHA-256 of the key' },
  { sign: /\s/, problem: 'holds white space', repair: 'write the 44 characters of base64 without spaces or line ends' },
  { sign: /^[0-9a-f]{64}$/i, problem: 'is hexadecimal', repair: 'write the same 32 bytes in base64' },
  { sign: /^(?:[0-9a-f]{2}:)+[0-9a-f]{2}$/i, problem: 'is hexadecimal', repair: 'write the same 32 bytes in base64' },
  { sign: /^[\w-]*[_-][\w-]*=*$/, problem: 'is base64url', repair: 'write "+" for "-" and "/" for "_"' },
  { sign: /[^A-Za-z0-9+/=]/, problem: 'is not base64', repair: 'write the 44 characters of base64 alone' },
  { sign: /^[^=]{43}$/, problem: 'lacks its padding', repair: 'add the "=" at the end' },
]

/** Characters of a pin as people write it in any of the ways below; longer text is not looked at. */
const MAX_LENGTH = 128

/** 32 bytes in base64: 43 digits, the last of which leaves two of its bits empty, and the padding. */
const DIGEST_LENGTH = 44
const DIGITS = /^[A-Za-z0-9+/]+=$/
const LAST_DIGITS = 'AEIMQUYcgkosw048'

/** In steps: a long policy holds a thousand pins, and one expression for all takes three times as long. */
function isCanonical(text: string): boolean {
  return text.length === DIGEST_LENGTH && DIGITS.test(text) && LAST_DIGITS.includes(text.charAt(DIGEST_LENGTH - 2))
}

function parseBase64(text: string, path: string): string {
  if (isCanonical(text)) return text
  if (text.length > MAX_LENGTH) {
    throw malformed(path, `is ${text.length} characters long`, 'write the base64 SHA-256 of the key: 44 characters')
  }
  for (const { sign, problem, repair } of MISTAKES) if (sign.test(text)) throw malformed(path, problem, repair)
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) {
    throw malformed(path, 'is not canonical base64', 'take the pin from its source again: its end was changed')
  }
  if (bytes.length !== DIGEST_BYTES) {
    throw malformed(
      path,
      `holds ${bytes.length} bytes, and a SHA-256 digest has ${DIGEST_BYTES}`,
      'write the base64 SHA-256 of the key: 44 characters',
    )
  }
  return text
}

function parseName(input: unknown, path: string): string {
  const repair = `write 1 to ${MAX_NAME} characters without line ends, or remove the key`
  if (typeof input !== 'string') throw malformed(path, `is ${kindOf(input)}, not a string`, repair)
  if (input === '' || input.length > MAX_NAME) throw malformed(path, `has ${input.length} characters`, repair)
  // A line end in a name could forge a log line.
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(input)) throw malformed(path, 'holds control characters', repair)
  return input
}
