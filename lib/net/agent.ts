/**
 * A `node:https` Agent whose every connection passes the gate: for axios, got, Stripe, the AWS SDK's NodeHttpHandler
 * and whatever else takes an agent.
 *
 * Of a request's own options only a few reach `tls.connect` (agent-options.ts); none of them can loosen the check.
 *
 * Overrides what Node documents for subclasses (`createConnection`, `keepSocketAlive`, `getName`), `addRequest`, which
 * agent-base has overridden for a decade, and `removeSocket`, its counterpart.
 */

import type { ClientRequest } from 'node:http'
import { Agent, type AgentOptions } from 'node:https'
import type { LookupFunction, Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { Rules } from '../judge.ts'
import type { Clock } from '../source/clock.ts'
import {
  type AnyOptions,
  callOf,
  connectionArguments,
  connectOptions,
  needsOwnContext,
  REQUEST,
} from './agent-options.ts'
import { isAddress } from './call.ts'
import { asError } from './callbacks.ts'
import { connectionRevoked } from './connections.ts'
import { whenConnected } from './dial.ts'
import type { Gate } from './gate.ts'
import { IDLE_LIMIT_MS } from './idle.ts'
import type { Reporter } from './reporter.ts'
import type { Dial, Surface } from './surface.ts'
import { failRequest, waitWith } from './waiting.ts'

export interface PinnedAgentOptions {
  readonly gate: Gate
  readonly reporter: Reporter
  readonly clock: Clock
  readonly lookup?: LookupFunction | undefined
}

export class PinnedAgent extends Agent {
  readonly #gate: Gate
  readonly #reporter: Reporter
  readonly #clock: Clock
  readonly #lookup: LookupFunction | undefined
  readonly #retired = new WeakSet<object>()
  /** Of the retired ones, those that the rules refused. */
  readonly #revoked = new WeakSet<object>()
  /** The request that a connection was given to last. */
  readonly #requestOn = new WeakMap<object, ClientRequest>()
  readonly #upgraded = new WeakSet<object>()
  readonly #idleSince = new WeakMap<object, number>()
  readonly #optionsOf = new WeakMap<ClientRequest, AnyOptions>()
  readonly #identityChecks = new WeakMap<object, number>()
  #identityCheckCount = 0
  #isClosed = false

  constructor({ gate, reporter, clock, lookup }: PinnedAgentOptions, options: AgentOptions = {}) {
    // Sessions are kept by the gate, together with what they proved; the agent keeps none.
    super({ keepAlive: true, ...options, maxCachedSessions: 0 })
    this.#gate = gate
    this.#reporter = reporter
    this.#clock = clock
    this.#lookup = lookup
    // Before Node's own listener, which would give the socket to the next request in the queue.
    this.prependListener('free', (socket: TLSSocket) => {
      // A date may have passed while the next request waited.
      this.#gate.review()
      if (this.#retired.has(socket)) socket.destroy()
    })
  }

  /** Every request comes by here, whether it opens a connection or reuses one. */
  addRequest(request: ClientRequest, options: AnyOptions): void {
    this.#add(request, options, () => undefined)
  }

  /** @param onRefused called when the request ends before it has got in line or opened a connection */
  #add(request: ClientRequest, options: AnyOptions, onRefused: () => void): void {
    const proceed = (rules: Rules) => this.#proceed(request, options, rules)
    const refuse = (error: unknown) => {
      failRequest(request, asError(error))
      onRefused()
    }
    try {
      const rules = this.#gate.rules()
      if (rules instanceof Promise)
        waitWith(request, rules, () => undefined)
          .then(proceed)
          .catch(refuse)
      else proceed(rules)
    } catch (error) {
      refuse(error)
    }
  }

  /** Called by Node for a new connection; always calls back later, with a judged socket. */
  override createConnection(...parameters: unknown[]): undefined {
    const { options, callback } = connectionArguments(parameters)
    const { dial, signal, abandon } = dialWith(options, this.#lookup)
    const open = async () => {
      const call = callOf(options, this.#gate)
      return await this.#gate.connect(call, {
        dial,
        signal,
        // A resumed session shows no certificate to the caller's own check.
        isResumable: !needsOwnContext(options) && !options.checkServerIdentity,
        retire: (socket) => {
          this.#revoked.add(socket)
          this.#retire(socket)
          // A request that has the connection and has written nothing yet is no running one.
          const request = this.#requestOn.get(socket)
          if (request?.headersSent === false) socket.destroy(connectionRevoked(call))
        },
      })
    }
    const request = options[REQUEST]
    const opened = request === undefined ? open() : waitWith(request, open(), abandon)
    opened.then(
      (socket) => this.#handOver(socket, options, callback),
      (error: Error) => {
        callback(error)
        this.#addNext(options)
      },
    )
    return undefined
  }

  /**
   * Called by Node when a connection is gone. Node would open another for whoever stands first in line, and tell him of
   * every one that fails; here he is added anew, and waits for a connection of his own.
   */
  removeSocket(socket: Socket, options: AnyOptions): void {
    const agent = this as unknown as AgentOfNode
    const waiting = agent.requests
    // While nobody waits, Node opens none.
    agent.requests = {}
    try {
      removeSocketOfNode.call(agent, socket, options)
    } finally {
      agent.requests = waiting
    }
    // Not yet: a socket that became idle is put among the free ones only when this returns, and makes room from there.
    queueMicrotask(() => this.#addNext(options))
  }

  override keepSocketAlive(socket: TLSSocket): boolean {
    this.#idleSince.set(socket, this.#clock.now())
    // The parent's return value is undeclared; it is `false` or `true`.
    return !this.#isClosed && !this.#retired.has(socket) && (super.keepSocketAlive(socket) as unknown) !== false
  }

  /** Requests with different identity checks of their own never share a socket (CVE-2026-58040). */
  override getName(options?: AnyOptions): string {
    const check = options?.checkServerIdentity
    if (typeof check !== 'function') return super.getName(options)
    let number = this.#identityChecks.get(check)
    if (number === undefined) {
      number = ++this.#identityCheckCount
      this.#identityChecks.set(check, number)
    }
    return `${super.getName(options)}:identity-check-${number}`
  }

  /** Closes every idle connection, or those idle for longer than `limit` ms. */
  closeIdle(limit = 0): void {
    const now = this.#clock.now()
    for (const sockets of Object.values(this.freeSockets)) {
      for (const socket of [...(sockets ?? [])]) {
        const idle = now - (this.#idleSince.get(socket) ?? now)
        // A clock that went back says nothing about how long; such a socket is not trusted to be alive.
        if (idle >= limit || idle < 0) this.#retire(socket as TLSSocket)
      }
    }
  }

  /** Closes every idle connection, and each busy one when its request is done. */
  close(): void {
    this.#isClosed = true
    for (const sockets of Object.values(this.sockets)) {
      for (const socket of sockets ?? []) this.#retired.add(socket)
    }
    this.closeIdle()
  }

  #proceed(request: ClientRequest, options: AnyOptions, rules: Rules): void {
    const call = callOf(options, this.#gate)
    this.#warnAbout(options)
    this.#gate.admit(rules, call)
    // An idle connection to another place makes room for a call that would have to wait.
    const { totalSocketCount } = this as unknown as AgentOfNode
    this.closeIdle(totalSocketCount < this.maxTotalSockets ? IDLE_LIMIT_MS : 0)
    const named = { ...options, servername: isAddress(call.host) ? '' : call.host, [REQUEST]: request }
    // The last moment before its first byte: Node gives it the connection on the next tick. Once: it may be added anew.
    if (!this.#optionsOf.has(request))
      request.prependOnceListener('socket', (socket: Socket) => {
        this.#requestOn.set(socket, request)
        this.#gate.review()
        if (this.#revoked.has(socket)) socket.destroy(connectionRevoked(call))
      })
    this.#optionsOf.set(request, options)
    addRequestOfNode.call(this as unknown as AgentOfNode, request, named)
  }

  #handOver(socket: TLSSocket, options: AnyOptions, callback: (error: Error | null, socket?: TLSSocket) => void): void {
    const request = options[REQUEST]
    const own = request && this.#optionsOf.get(request)
    // Retired since it was judged: whoever waits for it asks again, by the rules of now.
    if (own !== undefined && this.#retired.has(socket)) {
      socket.destroy()
      this.addRequest(request as ClientRequest, own)
      return
    }
    socket.once('agentRemove', () => {
      // Upgraded (WebSocket, CONNECT): Node takes it out of the agent, and it has no end of its own.
      this.#upgraded.add(socket)
      // The answer that upgraded it may come after a policy, or a date, has refused it.
      this.#gate.review()
      if (this.#retired.has(socket)) socket.destroy()
    })
    callback(null, socket)
  }

  /** Adds the first in line anew: for the same place, else for any other. */
  #addNext(options: AnyOptions): void {
    const { requests, sockets } = this as unknown as AgentOfNode
    const name = this.getName(options)
    if (sockets[name]?.length === 0) delete sockets[name]
    const line = requests[name] === undefined ? Object.keys(requests)[0] : name
    const next = line === undefined ? undefined : requests[line]?.shift()
    if (line !== undefined && requests[line]?.length === 0) delete requests[line]
    const own = next && this.#optionsOf.get(next)
    // One that is refused makes room for the next; not by recursion, the line may be long.
    if (own !== undefined) this.#add(next as ClientRequest, own, () => queueMicrotask(() => this.#addNext(options)))
  }

  #retire(socket: TLSSocket): void {
    this.#retired.add(socket)
    if (this.#upgraded.has(socket)) socket.destroy()
    for (const sockets of Object.values(this.freeSockets)) {
      // Node's addRequest skips only destroyed sockets at the head of the list, so it is taken out here.
      const position = sockets?.indexOf(socket as Socket) ?? -1
      if (position < 0) continue
      sockets?.splice(position, 1)[0]?.destroy()
    }
  }

  #warnAbout(options: AnyOptions): void {
    if (options.rejectUnauthorized === false) {
      this.#reporter.warn(
        'VERIFICATION_REQUESTED_OFF',
        'A request through pinnedAgent sets rejectUnauthorized: false; it is ignored, TLS verification stays on',
      )
    }
  }
}

/** What Node's agent has beyond its types. */
interface AgentOfNode {
  requests: Record<string, ClientRequest[]>
  readonly sockets: Record<string, Socket[]>
  readonly totalSocketCount: number
  addRequest(request: ClientRequest, options: AnyOptions): void
  removeSocket(socket: Socket, options: AnyOptions): void
}

const { addRequest: addRequestOfNode, removeSocket: removeSocketOfNode } = Agent.prototype as unknown as AgentOfNode

function dialWith(
  options: AnyOptions,
  lookup: LookupFunction | undefined,
): Pick<Surface, 'dial'> & { readonly signal: AbortSignal; readonly abandon: () => void } {
  const controller = new AbortController()
  const { signal } = controller
  const dial: Dial = (forced, trust, callback) => {
    const socket = connect(connectOptions(options, lookup, { forced, trust }))
    if (signal.aborted) socket.destroy()
    else signal.addEventListener('abort', () => socket.destroy(), { once: true })
    whenConnected(socket, callback)
    return socket
  }
  return { dial, signal, abandon: () => controller.abort() }
}
