/**
 * The scheduled probe: one handshake with every host of the deployed policy, judged as a guard would, and told as metrics,
 * so that what will break a call is seen before a call breaks. Nothing is ever sent to a host.
 *
 * A host that would be refused, or that can't be asked, is a metric. Only a policy that can't be had fails the invocation,
 * so that Lambda tries it again and then puts it where failed events go. Running it twice does no harm.
 *
 * Environment: `PINNED_FETCH_SECRET_ID`, the secret with the policy; `PINNED_FETCH_PROBE_HOSTS`, a JSON list of `host` or
 * `host:port` for what wildcards cover; `PINNED_FETCH_VERIFY_KEYS`, public keys in PEM, one of which must have signed the
 * policy; `POWERTOOLS_SERVICE_NAME`, the dimension of the metrics.
 */

import { metricsObserver } from '../lib/lambda/metrics.ts'
import { Deadline } from './probe/deadline.ts'
import { loadPolicy } from './probe/policy.ts'
import { runProbe } from './probe/run.ts'
import type { Summary } from './probe/summary.ts'

export async function handler(
  _event: unknown,
  context: { readonly getRemainingTimeInMillis: () => number },
): Promise<Summary> {
  const observe = metricsObserver({})
  const deadline = new Deadline(context.getRemainingTimeInMillis())
  try {
    const loaded = await loadPolicy(process.env, { observe, signal: deadline.signal })
    return await runProbe(loaded, process.env['PINNED_FETCH_PROBE_HOSTS'], { observe, signal: deadline.signal })
  } finally {
    deadline.clear()
  }
}
