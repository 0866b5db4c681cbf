/**
 * The policy that guards enforce now: AWSCURRENT of the secret, signed where keys are given.
 *
 * Loaded anew for each run, on a connection that is closed after it: between two runs the environment sleeps for a day.
 */

import { findPinnedFetchError, PinnedFetchError } from '../../lib/errors.ts'
import type { Observer } from '../../lib/events.ts'
import { type Policy, parsePolicy } from '../../lib/policy/document.ts'
import { readFrom } from '../../lib/policy/malformed.ts'
import { SYSTEM_CLOCK } from '../../lib/source/clock.ts'
import { policyErrorOf } from '../../lib/source/failure.ts'
import { secretsManagerSource } from '../../lib/source/secrets-manager.ts'
import { signedSource } from '../../lib/source/signed.ts'
import type { PolicySource } from '../../lib/source/source.ts'
import { VERIFY_KEYS_VARIABLE, verifyKeysOf } from '../verify-keys.ts'

const SECRET_VARIABLE = 'PINNED_FETCH_SECRET_ID'

type Environment = Readonly<Record<string, string | undefined>>

export interface LoadedPolicy {
  readonly policy: Policy
  /** Names the secret. */
  readonly source: string
  /** The secret's version. */
  readonly version: string | undefined
}

export interface LoadOptions {
  readonly observe: Observer
  readonly signal: AbortSignal
}

/** @throws {PinnedFetchError} once the failure is told */
export async function loadPolicy(environment: Environment, { observe, signal }: LoadOptions): Promise<LoadedPolicy> {
  const name = environment[SECRET_VARIABLE] ? `secret "${environment[SECRET_VARIABLE]}"` : SECRET_VARIABLE
  try {
    const source = sourceOf(environment)
    const { document, version } = await source.load(signal)
    return { policy: readFrom(name, () => parsePolicy(document)), version, source: name }
  } catch (error) {
    const failure = findPinnedFetchError(error) ?? policyErrorOf(error, name)
    const { code, message } = failure
    observe({ type: 'policy-refresh-failed', source: name, code, message, ageSeconds: undefined })
    throw failure
  }
}

function sourceOf(environment: Environment): PolicySource {
  const secretId = environment[SECRET_VARIABLE]
  if (!secretId) {
    throw new PinnedFetchError('ERR_CONFIGURATION', {
      option: SECRET_VARIABLE,
      problem: 'is not set',
      repair: 'give it the ARN of the secret that holds the policy',
    })
  }
  const keys = verifyKeysOf(environment[VERIFY_KEYS_VARIABLE])
  const agent = { keepAlive: false }
  const source = secretsManagerSource(secretId, {
    clientOptions: { requestHandler: { httpsAgent: agent, httpAgent: agent } },
  })
  return keys.length === 0 ? source : signedSource(source, keys, SYSTEM_CLOCK)
}
