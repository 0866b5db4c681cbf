/**
 * Stands in front of the agent of a plain `http:` request and asks the policy first: a covered host is never called in
 * the clear, an uncovered one as the policy's default says. What passes goes on to the caller's own agent.
 */

import type { ClientRequest } from 'node:http'
import type { Rules } from '../../judge.ts'
import { asError } from '../../net/callbacks.ts'
import type { Gate } from '../../net/gate.ts'
import { failRequest, waitWith } from '../../net/waiting.ts'

/** The options that Node hands to an agent, host and port filled in. */
export interface PlainOptions {
  readonly host: string
  readonly port: number | string
  readonly socketPath?: string | null
}

/** What every agent has beyond its types. */
export interface AddingAgent {
  addRequest(request: ClientRequest, options: PlainOptions): void
  /** Of Node's own: they win over those of the request, host and port included. */
  readonly options?: Partial<PlainOptions>
}

const { addRequest: addRequestOfNode } = process.getBuiltinModule('node:http').Agent.prototype as unknown as AddingAgent

export interface PlainRules {
  readonly gate: Gate
  readonly isLocal: (host: string, port: number | string) => boolean
}

/** An agent that is `own` in everything, but asks before it takes a request. */
export function askingFirst(own: AddingAgent, { gate, isLocal }: PlainRules): AddingAgent {
  const addRequest: AddingAgent['addRequest'] = (request, options) => {
    const pass = () => {
      Object.assign(request, { agent: own })
      own.addRequest(request, options)
    }
    const { host, port, socketPath } = own.addRequest === addRequestOfNode ? { ...options, ...own.options } : options
    const admit = (rules: Rules) => {
      gate.admit(rules, gate.callTo('http:', host ?? 'localhost', port))
      pass()
    }
    const refuse = (error: unknown) => failRequest(request, asError(error))
    // A socket path leads nowhere outside, a local service is none of the policy's hosts.
    if (socketPath || isLocal(host ?? 'localhost', port)) return pass()
    try {
      const rules = gate.rules()
      if (!(rules instanceof Promise)) return admit(rules)
      waitWith(request, rules, () => undefined)
        .then(admit)
        .catch(refuse)
    } catch (error) {
      refuse(error)
    }
  }
  return Object.create(own, { addRequest: { value: addRequest } }) as AddingAgent
}

/** The agent of a request that has none: one connection, made as the caller makes it, for this request alone. */
export function singleUse(createConnection: unknown): AddingAgent {
  const agent = new (process.getBuiltinModule('node:http').Agent)()
  if (typeof createConnection === 'function') Object.assign(agent, { createConnection })
  return agent as unknown as AddingAgent
}
