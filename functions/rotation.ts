/**
 * The rotation function of Secrets Manager over the staged life of a pin: it promotes a candidate that somebody proposed,
 * somebody approved, and every host passes under. Anything else it refuses, and what is current stays current. Where no
 * candidate waits it rehearses with what is current.
 *
 * Environment: `PINNED_FETCH_SECRET_ID`, the secret; `PINNED_FETCH_APPROVAL`, `required` (unset) or `automatic`;
 * `PINNED_FETCH_PROBE_HOSTS`, hosts below wildcards as a JSON list; `PINNED_FETCH_VERIFY_KEYS`, public keys in PEM, one of
 * which must have signed; `POWERTOOLS_SERVICE_NAME`, for the metrics.
 */

import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { Context } from 'aws-lambda'
import { metricsObserver } from '../lib/lambda/metrics.ts'
import { parseRequest } from './rotation/request.ts'
import { RotatedSecret } from './rotation/secret.ts'
import { readSettings } from './rotation/settings.ts'
import { doStep } from './rotation/work.ts'

/** Kept of the time that is left, ms: to say what failed, and to write it down. */
const RESERVE_MS = 5_000

/** Of that, kept for the last word, ms. */
const LAST_WORD_MS = 1_000

const settings = readSettings(process.env)
const client = new SecretsManagerClient()
const observer = metricsObserver({})

export async function handler(event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<void> {
  const request = parseRequest(event)
  const remaining = context.getRemainingTimeInMillis()
  const looking = Math.max(0, remaining - RESERVE_MS)
  const asking = Math.max(1, remaining - LAST_WORD_MS)
  await doStep(request, {
    secret: new RotatedSecret(client, request.secretId, AbortSignal.timeout(asking)),
    settings,
    observer,
    now: Date.now(),
    signal: AbortSignal.timeout(looking),
  })
}
