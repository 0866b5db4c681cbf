/**
 * The environment of the rotation function, read once. What is wrong there ends the function at its start, so that it is
 * seen at the first deployment.
 */

import type { Call } from '../../lib/judge.ts'
import { callToPlace } from '../../lib/net/call.ts'
import type { Approval } from '../../lib/policy/rotation-steps.ts'
import type { VerifyKey } from '../../lib/source/verify-key.ts'
import { VERIFY_KEYS_VARIABLE, verifyKeysOf } from '../verify-keys.ts'

export interface Settings {
  /** The one secret that this function rotates: its ARN, with or without the random suffix, or its name. */
  readonly secretId: string
  readonly approval: Approval
  /** Hosts to look at beside those that the policy names: what wildcards cover. */
  readonly hosts: readonly Call[]
  /** Public keys, one of which must have signed; empty: documents need no signature. */
  readonly verifyKeys: readonly VerifyKey[]
}

type Environment = Readonly<Record<string, string | undefined>>

/** @throws {TypeError | PinnedFetchError} naming the variable */
export function readSettings(environment: Environment): Settings {
  return {
    secretId: environment['PINNED_FETCH_SECRET_ID'] || wrong('PINNED_FETCH_SECRET_ID', 'is not set'),
    approval: approvalOf(environment['PINNED_FETCH_APPROVAL'] || 'required'),
    hosts: hostsOf(environment['PINNED_FETCH_PROBE_HOSTS'] || '[]'),
    verifyKeys: verifyKeysOf(environment[VERIFY_KEYS_VARIABLE]),
  }
}

function approvalOf(text: string): Approval {
  if (text === 'required' || text === 'automatic') return text
  return wrong('PINNED_FETCH_APPROVAL', 'is neither "required" nor "automatic"')
}

function hostsOf(text: string): readonly Call[] {
  try {
    const places: unknown = JSON.parse(text)
    if (Array.isArray(places)) return places.map((place) => callToPlace(String(place)))
  } catch (cause) {
    wrong('PINNED_FETCH_PROBE_HOSTS', 'is no list of hosts in JSON', cause)
  }
  return wrong('PINNED_FETCH_PROBE_HOSTS', 'is no list of hosts in JSON')
}

function wrong(name: string, problem: string, cause?: unknown): never {
  throw new TypeError(`Cannot start: the environment variable ${name} ${problem}`, { cause })
}
