/**
 * `https.request`, `https.get`, `http.request`, `http.get` and `http.ClientRequest` for the whole process: every https
 * request goes by the guard's agent, whatever agent its caller brings, and every plain one is asked for first.
 *
 * Reads its arguments as Node does, and leaves everything but the agent to Node. A request whose protocol Node itself
 * would refuse is left for Node to refuse.
 */

import type { ClientRequest } from 'node:http'
import { urlToHttpOptions } from 'node:url'
import type { Guard, GuardParts } from '../../guard.ts'
import { goesByProxy, keepSettings, tellLosses } from './caller-agent.ts'
import { isOwnAgent } from './own-connections.ts'
import { type AddingAgent, askingFirst, type PlainRules, singleUse } from './plain-agent.ts'
import { withPlace } from './tunnel-place.ts'

export interface RequestsOptions extends PlainRules {
  readonly guard: Pick<Guard, 'agent'>
  readonly reporter: GuardParts['reporter']
  /** Whether the guard has a proxy of its own, which then takes the place of the callers'. */
  readonly hasProxy: boolean
}

const HTTPS_PORT = 443

type Scheme = 'http:' | 'https:'
type Fields = Record<string, unknown>
type Make = (...parameters: unknown[]) => ClientRequest

// Not by `import`: that of node:http evaluates Node's own undici, which takes longer than all of this.
const http = process.getBuiltinModule('node:http')
const https = process.getBuiltinModule('node:https')

/** Node's own agents, which stand for "no agent of the caller's". */
const nodeAgents = { 'http:': http.globalAgent, 'https:': https.globalAgent } as const

/** Puts the guard in front of Node's requests. `module.syncBuiltinESMExports()` is the caller's to call. */
export function guardRequests(options: RequestsOptions): void {
  const requests = new Requests(options)
  for (const [scheme, exported] of [
    ['http:', http],
    ['https:', https],
  ] as const) {
    const original = exported.request as Make
    const request = (...parameters: unknown[]) => requests.make(scheme, parameters, original)
    const get = (...parameters: unknown[]) => {
      const outgoing = requests.make(scheme, parameters, original)
      outgoing.end()
      return outgoing
    }
    replace(exported, { request, get })
  }
  replace(https, { globalAgent: options.guard.agent })
  const construct: ProxyHandler<typeof ClientRequest>['construct'] = (target, parameters, newTarget) =>
    requests.make('http:', parameters, (...changed) => Reflect.construct(target, changed, newTarget))
  // Not a class: older code calls it on an object of its own.
  const apply: ProxyHandler<typeof ClientRequest>['apply'] = (target, self, parameters) =>
    requests.make('http:', parameters, (...changed) => {
      Reflect.apply(target, self, changed)
      return self
    })
  replace(http, { ClientRequest: new Proxy(http.ClientRequest, { construct, apply }) })
}

class Requests {
  readonly #options: RequestsOptions

  constructor(options: RequestsOptions) {
    this.#options = options
  }

  /** Makes one request of what a caller gave to `scheme`'s `request`, by Node's `original`. */
  make(scheme: Scheme, parameters: readonly unknown[], original: Make) {
    const { options, callback } = readArguments(parameters)
    const { agent } = options
    const fallback = options['_defaultAgent'] ?? (scheme === 'https:' ? https : http).globalAgent
    const protocol = options['protocol'] || protocolOf(fallback) || scheme
    if (isOwnAgent(agent) || protocol !== (protocolOf(agent) ?? protocolOf(fallback) ?? scheme)) {
      return original(...parameters)
    }
    const { createConnection, _defaultAgent: _, ...rest } = options
    const hasAgent = agent !== undefined && agent !== null
    const hasConnection = !hasAgent && typeof createConnection === 'function'
    // Asks a proxy for a tunnel over a connection that is there already, as the guard itself does. What it will carry is
    // judged when TLS is opened on it.
    if (hasConnection && protocol === 'https:' && options['method'] === 'CONNECT') return original(...parameters)
    const chosen = agent === false || hasConnection ? undefined : (agent ?? fallback)
    const steered = protocol === 'https:' ? this.#secure(rest, chosen) : this.#plain(rest, chosen, { createConnection })
    const request = original(steered, callback)
    // Without an agent, or by one that keeps none, Node closes the connection after the answer; the guard's keeps it
    // unless it is told.
    if (chosen === undefined || closesAlways(chosen)) request.shouldKeepAlive = false
    return request
  }

  #secure(options: Fields, own: unknown): Fields {
    const { guard, hasProxy, reporter } = this.#options
    const foreign = own === guard.agent || own === nodeAgents['https:'] ? undefined : own
    if (!hasProxy && goesByProxy(foreign)) return withPlace({ ...options, agent: foreign }, placeOf(options))
    tellLosses(options, foreign, nodeAgents['https:'], reporter)
    return { ...keepSettings(options, foreign), protocol: 'https:', agent: guard.agent }
  }

  #plain(options: Fields, own: unknown, { createConnection }: { readonly createConnection: unknown }): Fields {
    const agent = own === undefined ? singleUse(createConnection) : (own as AddingAgent)
    // Node has its own words for what is no agent.
    if (typeof agent.addRequest !== 'function') return { ...options, agent }
    return { ...options, agent: askingFirst(agent, this.#options) }
  }
}

/** A URL or text, then options, then a callback; each may be missing. */
function readArguments(parameters: readonly unknown[]): { readonly options: Fields; readonly callback: unknown } {
  const [first, second] = parameters
  const url = typeof first === 'string' ? new URL(first) : isUrl(first) ? first : undefined
  const given = url === undefined ? first : second
  const options = typeof given === 'object' && given !== null ? given : {}
  const callback = parameters.find((parameter) => typeof parameter === 'function')
  return { options: { ...(url === undefined ? {} : urlToHttpOptions(url)), ...options }, callback }
}

/** As Node tells them apart: the result of the old `url.parse` has `path`, and is read as options. */
function isUrl(value: unknown): value is URL {
  if (typeof value !== 'object' || value === null) return false
  const { href, protocol, auth, path } = value as Fields
  return Boolean(href && protocol) && auth === undefined && path === undefined
}

/** As Node reads them. */
function placeOf({ hostname, host, port, defaultPort }: Fields): { readonly host: string; readonly port: number } {
  return { host: String(hostname || host || 'localhost'), port: Number(port || defaultPort || HTTPS_PORT) }
}

/** What an agent is for; agent-base finds out who calls by the stack, and so tells only Node itself. */
function protocolOf(agent: unknown): unknown {
  if (typeof agent !== 'object' || agent === null) return undefined
  for (let holder: object | null = agent; holder !== null; holder = Object.getPrototypeOf(holder)) {
    const property = Object.getOwnPropertyDescriptor(holder, 'protocol')
    if (property !== undefined) return property.value
  }
  return undefined
}

/** Whether an agent keeps no connection, by Node's own rule. */
function closesAlways(agent: unknown): boolean {
  const { keepAlive, maxSockets } = agent as Fields
  return keepAlive === false && maxSockets === Number.POSITIVE_INFINITY
}

function replace(exported: object, values: Fields): void {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(exported, name, { value, writable: true, enumerable: true, configurable: true })
  }
}
