/**
 * `Object.prototype.clientOptions`, in the form that merged JSON brings it: an endpoint of somebody's own for the client
 * of Secrets Manager, while the guard of this process is given none.
 */

import { createGuard } from '../../../../lib/index.ts'
import { parameter, report } from '../../../attacks/child.ts'

export interface Report {
  /** What the policy in use pins. */
  readonly pins: readonly string[]
}

const { host, theirs } = parameter<{ host: string; theirs: string }>()
const prototype = Object.prototype as unknown as Record<string, unknown>
prototype['clientOptions'] = { endpoint: theirs }
const guard = createGuard({ secretId: 'pins', metrics: false })
await guard.ready()
const { pins } = await guard.explain(host)
delete prototype['clientOptions']
report({ pins } satisfies Report)
