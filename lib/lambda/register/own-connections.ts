/**
 * Which TLS connections are the guard's own, so that the patched `tls.connect` leaves those to the gate.
 *
 * There are two kinds: what a surface dials for the gate, and what the guard's own client opens to Secrets Manager,
 * which is where the policy comes from. Both are known by the call that opens them, made from this module, and never by
 * a host or an option that others could set as well. The mark holds for one `tls.connect` and is gone before that looks
 * up a name, so a `lookup` of the caller's can't use it.
 */

import type { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Gate } from '../../net/gate.ts'

let isMarked = false

/** Whether the connection that is being opened is the guard's own. Asking takes the mark away. */
export function takeMark(): boolean {
  const marked = isMarked
  isMarked = false
  return marked
}

function marked<Result>(open: () => Result): Result {
  isMarked = true
  try {
    return open()
  } finally {
    isMarked = false
  }
}

/** From now on what this gate has dialled is known as the guard's own. */
export function markDialsOf(gate: Gate): void {
  const connect = gate.connect.bind(gate)
  gate.connect = (call, surface) =>
    connect(call, { ...surface, dial: (...parameters) => marked(() => surface.dial(...parameters)) })
}

class OwnHttpsAgent extends HttpsAgent {
  override createConnection(...parameters: Parameters<HttpsAgent['createConnection']>) {
    return marked(() => super.createConnection(...parameters))
  }
}

const ownAgents = new WeakSet<object>()

/** Whether a request is one of the guard's own client. */
export function isOwnAgent(agent: unknown): boolean {
  return typeof agent === 'object' && agent !== null && ownAgents.has(agent)
}

/**
 * The agents of the guard's own client: for `requestHandler` of the SDK's configuration. TLS verification stays on
 * whatever the environment says.
 */
export function ownClientAgents(): { readonly httpAgent: HttpAgent; readonly httpsAgent: HttpsAgent } {
  const httpAgent = new (process.getBuiltinModule('node:http').Agent)({ keepAlive: true })
  const httpsAgent = new OwnHttpsAgent({ keepAlive: true, rejectUnauthorized: true })
  ownAgents.add(httpAgent).add(httpsAgent)
  return { httpAgent, httpsAgent }
}
