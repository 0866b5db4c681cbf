/**
 * From the text or bytes of a secret to a JSON value.
 *
 * Errors name the secret and the repair and never quote its content.
 */

import { PinnedFetchError } from '../errors.ts'
import { pathOfKey } from '../policy/malformed.ts'
import { repeatedKey } from './repeated-key.ts'

/** The limit of Secrets Manager, in bytes. A larger document is refused wherever it comes from. */
export const MAX_DOCUMENT_BYTES = 65_536

/** Longest path that is told, in keys; a policy is four deep. */
const MAX_DEPTH = 8

/** Decodes a JSON document. @throws {PinnedFetchError} `ERR_POLICY_MALFORMED` */
export function decodeDocument(content: string | Uint8Array, source: string): unknown {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content
  if (bytes.byteLength > MAX_DOCUMENT_BYTES) {
    throw malformed(
      source,
      `is ${bytes.byteLength} bytes long, the limit is ${MAX_DOCUMENT_BYTES}`,
      'split the hosts over several secrets and list them all in "secretId"',
    )
  }
  const text = decodeText(bytes, source).trim()
  if (text === '')
    throw malformed(source, 'is empty', 'store a policy: { "api.partner.example": ["sha256/…", "sha256/…"] }')
  const document = parseJson(text, source)
  const repeated = repeatedKey(text)
  if (repeated === undefined) return document
  throw malformed(
    source,
    'comes twice: only the last of them would count',
    'keep one of the two',
    repeated.slice(0, MAX_DEPTH).reduce(pathOfKey, ''),
  )
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const problem = `is not JSON${positionOf(error)}`
    throw malformed(source, problem, 'store the policy as JSON text, without comments or trailing commas')
  }
}

function decodeText(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw malformed(source, 'is not UTF-8 text', 'store the policy as JSON text, not as compressed or encrypted bytes')
  }
}

/** The place of a syntax error. The engine's message also quotes the document, so only the numbers are taken. */
function positionOf(error: unknown): string {
  const place = /\(line (\d+) column (\d+)\)/.exec(error instanceof Error ? error.message : '')
  return place === null ? '' : ` (line ${place[1]}, column ${place[2]})`
}

function malformed(source: string, problem: string, repair: string, path = ''): PinnedFetchError {
  return new PinnedFetchError('ERR_POLICY_MALFORMED', { path, problem, repair, source })
}
