/**
 * A `node:https` Agent whose every connection passes the gate: for axios, got, Stripe, the AWS SDK's NodeHttpHandler
 * and whatever else takes an agent.
 *
 * Of a request's own options only a few reach `tls.connect` (agent-options.ts); none of them can loosen the check.
 *
 * Overrides what Node documents for subclasses (`createConnection`, `keepSocketAlive`, `getName`) and `addRequest`,
 * which agent-base has overridden for a decade.
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
  readonly #upgraded = new WeakSet<object>()
  readonly #idleSince = new WeakMap<object, number>()
  readonly #hadConnection = new WeakSet<ClientRequest>()
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
    const proceed = (rules: Rules) => this.#proceed(request, options, rules)
    const refuse = (error: unknown) => failRequest(request, asError(error))
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
    const dialling = dialWith(options, this.#lookup)
    const open = async () =>
      await this.#gate.connect(callOf(options, this.#gate), {
        dial: dialling.dial,
        signal: dialling.signal,
        // A resumed session shows no certificate to the caller's own check.
        isResumable: !needsOwnContext(options) && !options.checkServerIdentity,
        retire: (socket) => this.#retire(socket),
      })
    const request = this.#requestFor(options)
    const opened = request === undefined ? open() : waitWith(request, open(), dialling.abandon)
    opened.then(
      (socket) => {
        // Upgraded (WebSocket, CONNECT): Node takes it out of the agent, and it has no end of its own.
        socket.once('agentRemove', () => {
          this.#upgraded.add(socket)
          // The answer that upgraded it came after the policy had refused it.
          if (this.#retired.has(socket)) socket.destroy()
        })
        callback(null, socket)
      },
      (error: Error) => {
        callback(error)
        this.#readdQueues(options, request)
      },
    )
    return undefined
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
    this.closeIdle(IDLE_LIMIT_MS)
    const named = { ...options, servername: isAddress(call.host) ? '' : call.host, [REQUEST]: request }
    this.#optionsOf.set(request, options)
    addRequestOfNode.call(this as Agent, request, named)
  }

  /**
   * The request that a connection is opened for. For one from the queue Node passes the options of the connection whose
   * place it takes, and with them that connection's first request.
   */
  #requestFor(options: AnyOptions): ClientRequest | undefined {
    const carried = options[REQUEST]
    const isNew = carried !== undefined && !this.#hadConnection.has(carried)
    const request = isNew ? carried : this.requests[this.getName(options)]?.[0]
    if (request !== undefined) this.#hadConnection.add(request as ClientRequest)
    return request as ClientRequest | undefined
  }

  /** When a connection for a queue fails, Node forgets what waits in line: every waiting request is added anew. */
  #readdQueues(options: AnyOptions, failed: ClientRequest | undefined): void {
    const name = this.getName(options)
    if (this.sockets[name]?.length === 0) delete (this.sockets as Record<string, unknown>)[name]
    const queues = this.requests as unknown as Record<string, ClientRequest[]>
    const waiting = Object.values(queues).flat()
    for (const key of Object.keys(queues)) delete queues[key]
    for (const request of waiting) {
      const own = this.#optionsOf.get(request)
      if (request !== failed && own !== undefined) this.addRequest(request, own)
    }
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

/** Node's own, undocumented in its types. */
const addRequestOfNode = (
  Agent.prototype as unknown as { addRequest(this: Agent, request: ClientRequest, options: AnyOptions): void }
).addRequest

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
