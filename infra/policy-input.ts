/**
 * The policy of a guard as somebody gave it: read, parsed and linted at synthesis, so that a mistake in it fails here and
 * not at the first call. The message names the file, the place in it and the repair.
 */

import { readFileSync } from 'node:fs'
import { Annotations, Token } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { PinnedFetchError } from '../lib/errors.ts'
import { type Policy, parsePolicy } from '../lib/policy/document.ts'
import { lintPolicy } from '../lib/policy/lint.ts'
import { readFrom } from '../lib/policy/malformed.ts'
import { decodeDocument } from '../lib/source/decode.ts'
import { isEnvelope, unverifiedDocument } from '../lib/source/envelope.ts'
import { parseVerifyKey } from '../lib/source/verify-key.ts'

/** A policy document, in its full or its shortest form. */
export type PolicyObject = Readonly<Record<string, unknown>>

export interface PolicyInput {
  /** What goes into the secret: the text as it was given, in ASCII. */
  readonly text: string
  readonly policy: Policy
}

/** Of the annotations' ids: `pinned-fetch:no-backup-pin`. */
const ID_PREFIX = 'pinned-fetch'

/**
 * @param given path of a file, from the directory in which the app is run; or the document
 * @throws {PinnedFetchError} when it is no policy, not signed where it has to be, or signed where nobody could tell
 */
export function readPolicyInput(given: string | PolicyObject, mustBeSigned: boolean): PolicyInput {
  const source = typeof given === 'string' ? `file "${given}"` : 'the object given as "policy"'
  const text = asciiJson(typeof given === 'string' ? readText(given, source) : textOf(given, source))
  const document = decodeDocument(text, source)
  const isSigned = isEnvelope(document)
  if (mustBeSigned && !isSigned) {
    throw new PinnedFetchError('ERR_POLICY_SIGNATURE', {
      source,
      problem: 'it is not signed, and "verifyKeys" is given',
    })
  }
  if (isSigned && !mustBeSigned) {
    throw new PinnedFetchError('ERR_CONFIGURATION', {
      option: 'verifyKeys',
      problem: `is missing, and ${source} is signed: guards without keys can't read it`,
      repair: 'give the public keys, or the policy without its envelope',
    })
  }
  return {
    text,
    policy: readFrom(source, () => parsePolicy(isSigned ? unverifiedDocument(document, source) : document)),
  }
}

/** Tells what is likely to hurt. `Annotations.of(guard).acknowledgeWarning('pinned-fetch:<code>', reason)` takes one back. */
export function annotateFindings(scope: Construct, policy: Policy): void {
  for (const { code, path, message, severity } of lintPolicy(policy, Date.now())) {
    const [id, text] = [`${ID_PREFIX}:${code}`, `${path} ${message}`]
    if (severity === 'warning') Annotations.of(scope).addWarningV2(id, text)
    else Annotations.of(scope).addInfoV2(id, text)
  }
}

/** @throws {Error} for what is no public key, so that it is seen before every call is refused */
export function checkVerifyKeys(keys: readonly string[]): void {
  for (const [index, key] of keys.entries()) {
    if (parseVerifyKey(key) !== undefined) continue
    const repair = 'give one Ed25519 or P-256 public key in PEM per item, beginning with -----BEGIN PUBLIC KEY-----'
    throw new PinnedFetchError('ERR_CONFIGURATION', {
      option: `verifyKeys[${index}]`,
      problem: 'is no public key',
      repair,
    })
  }
}

function readText(path: string, source: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)).trim()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? `there is no such file in ${process.cwd()}` : `it cannot be read (${code})`
    const repair = 'give the path from the directory in which the app is run, or an absolute one'
    throw new PinnedFetchError('ERR_POLICY_UNAVAILABLE', { source, problem, repair }, { cause })
  }
}

function textOf(document: PolicyObject, source: string): string {
  const text = JSON.stringify(document)
  if (!Token.isUnresolved(text) && !Token.isUnresolved(document)) return text
  throw new PinnedFetchError('ERR_POLICY_MALFORMED', {
    source,
    path: '',
    problem: 'holds a value that is known at deployment only, so it cannot be checked',
    repair: 'write the pins themselves, or give an existing secret',
  })
}

/** Templates lose characters beyond ASCII on their way. In JSON they only stand in strings, where `\uXXXX` is the same. */
function asciiJson(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
