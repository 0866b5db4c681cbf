/**
 * The audit of before, from the file that `audit --json` wrote.
 */

import { readFile } from 'node:fs/promises'
import { CommandError } from '../failure.ts'
import { pathOf } from '../policy/place.ts'
import type { World } from '../world.ts'
import { AUDIT_FORMAT, type Audit } from './audit.ts'

const HINT = 'give the file that an earlier "pinned-fetch audit <policy> --json" wrote'

/** @throws {CommandError} when it is none, or one of another release's form */
export async function readAudit(file: string, world: World): Promise<Audit> {
  const text = await readFile(pathOf(file, world), 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const problem = cause.code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${cause.code})`
    throw new CommandError(`--since ${file}: ${problem}`, HINT, { cause })
  })
  const audit = parse(text)
  if (isAudit(audit)) return audit
  throw new CommandError(`--since ${file} is no audit that this release can read`, HINT)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** As far as a comparison reads it. */
function isAudit(value: unknown): value is Audit {
  const { format, at, policy, hosts, findings } = asRecord(value)
  if (format !== AUDIT_FORMAT || typeof at !== 'string' || asRecord(policy)['name'] === undefined) return false
  return isListOf(findings, ['code', 'place', 'message']) && isListOf(hosts, ['host', 'state']) && hosts.every(isHost)
}

function isHost({ path, pins, matched }: Record<string, unknown>): boolean {
  const isMatched = matched === undefined || typeof asRecord(matched)['pin'] === 'string'
  return isListOf(path, ['role', 'subject', 'pin', 'notAfter']) && isListOf(pins, ['list', 'pin']) && isMatched
}

function isListOf(value: unknown, texts: readonly string[]): value is readonly Record<string, unknown>[] {
  return Array.isArray(value) && value.every((one) => texts.every((key) => typeof asRecord(one)[key] === 'string'))
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
