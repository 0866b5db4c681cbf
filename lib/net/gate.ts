/**
 * The gate: every connection of every surface passes here, between its TLS handshake and its first byte.
 *
 * What a surface brings is only how to open a socket (surface.ts). The gate says whether the call may go out, forces
 * the TLS options that the judgement rests on, reads what the peer proved, asks `judge`, asks the source once more on a
 * mismatch, and hands the socket over or destroys it. Nobody else holds the socket before that.
 */

import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type FailureCode, PinnedFetchError } from '../errors.ts'
import { type Call, judge, judgeCall, type Rules, type Verdict } from '../judge.ts'
import type { Clock } from '../source/clock.ts'
import type { PolicyStore } from '../source/store.ts'
import type { PathResult } from '../x509/path.ts'
import { PathMemory } from '../x509/path-memory.ts'
import { Attempt, authorizationCode } from './attempt.ts'
import { callTo } from './call.ts'
import { asError } from './callbacks.ts'
import { type Connection, Connections } from './connections.ts'
import { warnAboutEnvironment } from './environment.ts'
import { takeCertificates } from './peer.ts'
import type { Tunnel, TunnelFor, Tunnels } from './proxy/tunnel.ts'
import type { Reporter } from './reporter.ts'
import { type KnownSession, SessionCache } from './sessions.ts'
import type { Surface } from './surface.ts'
import type { Trust, TrustStore } from './trust.ts'

/** Findings that a policy update may cure: only for these is the source asked once more. */
const CURABLE: ReadonlySet<FailureCode> = new Set([
  'ERR_PIN_MISMATCH',
  'ERR_PINS_EXPIRED',
  'ERR_KEY_DENIED',
  'ERR_PATH_NOT_VERIFIED',
])

/** Handshakes per call: a second one only when the first was a resumed one, or had other trust anchors than now. */
const MAX_HANDSHAKES = 2

export interface GateOptions {
  readonly store: PolicyStore
  readonly trust: TrustStore
  readonly tunnels: Tunnels
  readonly reporter: Reporter
  readonly clock: Clock
}

export class Gate {
  readonly #store: PolicyStore
  readonly #trust: TrustStore
  readonly #tunnels: Tunnels
  readonly #reporter: Reporter
  readonly #clock: Clock
  readonly #sessions = new SessionCache()
  readonly #memory = new PathMemory()
  readonly #connections: Connections
  #isClosed = false

  constructor({ store, trust, tunnels, reporter, clock }: GateOptions) {
    this.#store = store
    this.#trust = trust
    this.#tunnels = tunnels
    this.#reporter = reporter
    this.#clock = clock
    this.#connections = new Connections(trust)
    store.onChange((rules) => this.#connections.review(rules, clock.now()))
  }

  /** The rules for a call; at once when they are fresh. @throws {PinnedFetchError} when there are none, or no more */
  rules(): Rules | Promise<Rules> {
    if (this.#isClosed) {
      throw new PinnedFetchError('ERR_CONFIGURATION', {
        option: 'close()',
        problem: 'was called: this guard makes no more calls',
        repair: 'make a new guard, or close it later',
      })
    }
    return this.#store.rules()
  }

  /** Whether a policy has arrived. */
  get hasRules(): boolean {
    return this.#store.latest !== undefined
  }

  /**
   * The call that an address stands for. A name without a canonical form is refused here, and told.
   *
   * @throws {PinnedFetchError} `ERR_HOST_NOT_COVERED`
   */
  callTo(protocol: string, hostname: string, port: number | string | undefined): Call {
    try {
      return callTo(protocol, hostname, port)
    } catch (error) {
      if (error instanceof PinnedFetchError) this.#reporter.refusal(error, { host: hostname, port: Number(port) || 0 })
      throw error
    }
  }

  /** Holds the rules and the time of now against the open connections, before one of them is used again. */
  review(): void {
    const rules = this.#store.latest
    if (rules !== undefined) this.#connections.review(rules, this.#clock.now())
  }

  /** Whether the rules of now let a call go out that was admitted before. */
  admits(call: Call): boolean {
    const rules = this.#store.latest
    return rules === undefined || judgeCall(rules, call).decision !== 'refuse'
  }

  /** {@link admit} by the rules of now. */
  admitAgain(call: Call): void {
    const rules = this.#store.latest
    if (rules !== undefined) this.admit(rules, call)
  }

  /** Lets a call go out, or throws why not. */
  admit(rules: Rules, call: Call): void {
    this.review()
    const verdict = judgeCall(rules, call)
    if (verdict.decision === 'accept') return
    this.#reporter.failure(verdict, call, this.#clock.now())
    if (verdict.decision === 'refuse') throw verdict.error
  }

  /**
   * Opens a connection and hands it over once it is judged.
   *
   * @throws {PinnedFetchError} when it is refused; Node's own error when the network or TLS itself fails
   */
  async connect(call: Call, surface: Surface): Promise<TLSSocket> {
    let rules = await this.rules()
    for (let handshakes = 1; ; handshakes++) {
      const admission = judgeCall(rules, call)
      if (admission.decision === 'refuse') {
        this.#reporter.failure(admission, call, this.#clock.now())
        throw admission.error
      }
      warnAboutEnvironment(this.#reporter)
      const trust = this.#trust.for(admission.entry)
      const attempt = new Attempt(call, trust, surface.isResumable ? this.#offer(rules, call, trust) : undefined)
      const tunnel = await this.tunnelTo(call, surface)
      const socket = await this.#handshake(attempt, { surface, tunnel, admission })
      const path = attempt.proof(socket, this.#memory, this.#clock.now())
      const since = this.#clock.elapsed()
      // The policy may have changed during the handshake: what counts is the one of now.
      rules = this.#store.latest ?? rules

      let verdict = this.#judge(rules, attempt, path)
      if (verdict.decision !== 'accept' && CURABLE.has(verdict.error.code)) {
        // In mode "report" the call does not wait for the answer.
        const asked = this.#store.rulesSince(
          since,
          (latest) => this.#judge(latest, attempt, path).decision === 'accept',
        )
        if (verdict.decision === 'refuse') rules = (await asked) ?? rules
        verdict = this.#judge(rules, attempt, path)
      }
      // What was proved once may have been overtaken while the handshake ran: the peer gets to prove it anew.
      const isOutdated = attempt.resumed(path) || this.#trustChanged(rules, attempt)
      if (verdict.decision === 'refuse' && isOutdated && handshakes < MAX_HANDSHAKES) {
        this.#sessions.delete(attempt.place)
        socket.destroy()
        continue
      }
      return this.#settle(verdict, { socket, tunnel, attempt, path, surface })
    }
  }

  /** Holds later rules against a connection without TLS, too: to a plain proxy, or for a plain call. */
  notePlain(call: Call, socket: Socket, retire: () => void): void {
    const path: PathResult = { verified: undefined, reason: 'it speaks no TLS', presented: [] }
    this.#note(socket, { call, path, retire }, Number.POSITIVE_INFINITY)
  }

  /** The tunnel through the proxy that a call goes by; `undefined`: it goes out directly. */
  tunnelTo(call: Call, tunnelFor: TunnelFor): Promise<Tunnel | undefined> {
    return this.#tunnels.open(call, tunnelFor, this)
  }

  /** Lets nothing through any more, and forgets every session. */
  close(): void {
    this.#isClosed = true
    this.#sessions.clear()
  }

  #judge(rules: Rules, { call }: Attempt, path: PathResult): Verdict {
    return judge(rules, call, { path, trustId: this.#trustId(rules, call) }, this.#clock.now())
  }

  #trustChanged(rules: Rules, { call, trust }: Attempt): boolean {
    return this.#trustId(rules, call) !== trust.set.id
  }

  /** The trust set that the rules demand for a host. */
  #trustId(rules: Rules, { host, port }: Call): string {
    return this.#trust.for(rules.policy.hosts.find(host, port)).set.id
  }

  /** The session to offer: one whose proof passes the rules of now. */
  #offer(rules: Rules, call: Call, trust: Trust): KnownSession | undefined {
    const place = { host: call.host, port: call.port, trustId: trust.set.id }
    const known = this.#sessions.get(place)
    if (known === undefined) return undefined
    const evidence = { path: { verified: known.proof }, trustId: trust.set.id }
    if (judge(rules, call, evidence, this.#clock.now()).decision === 'accept') return known
    this.#sessions.delete(place)
    return undefined
  }

  #handshake(attempt: Attempt, { surface, tunnel, admission }: Handshake): Promise<TLSSocket> {
    const { entry } = admission
    const opened = new Promise<TLSSocket>((resolve, reject) => {
      let isSettled = false
      const options = tunnel === undefined ? attempt.options : { ...attempt.options, socket: tunnel.socket }
      const socket = surface.dial(options, attempt.trust, (error, connected) => {
        isSettled = true
        if (error === null && connected !== undefined) return resolve(connected)
        const refusal: unknown = socket.authorizationError
        if (entry !== undefined && refusal) {
          this.#reporter.tlsFailure(attempt.call, entry, authorizationCode(refusal))
        }
        reject(asError(error ?? 'the connection was closed'))
      })
      takeCertificates(socket)
      // Node destroys TLS without an error when its tunnel closes, and undici's connector then never calls back.
      socket.once('close', () => {
        // Every connection closes some day; an error, with its stack, costs as much as the judgement.
        if (!isSettled) reject(connectionReset(attempt.call))
      })
      if (tunnel !== undefined) endTogether(socket, tunnel.socket)
      socket.on('session', (ticket: Buffer) => attempt.onTicket(ticket))
    })
    // A `lookup` of the user's may throw anything.
    return opened.catch((error: unknown) => {
      throw asError(error)
    })
  }

  #settle(verdict: Verdict, connected: Connected): TLSSocket {
    const { socket, tunnel, attempt, path, surface } = connected
    const { call } = attempt
    const now = this.#clock.now()
    if (verdict.decision !== 'accept') this.#reporter.failure(verdict, call, now)
    if (verdict.decision === 'refuse') {
      socket.destroy()
      throw verdict.error
    }
    if (socket.destroyed) throw connectionReset(call)
    const resumed = attempt.resumed(path)
    if (verdict.decision === 'accept') {
      this.#reporter.success(verdict, call, { path, resumed, now })
      const { verified } = path
      if (verified !== undefined && surface.isResumable) {
        attempt.keepTickets((ticket) => this.#sessions.set(attempt.place, { ticket, proof: verified }))
      }
    }
    const retire = () => surface.retire(socket)
    tunnel?.onRetire(retire)
    this.#note(socket, { call, path, retire }, verdict.changesAt)
    return socket
  }

  #note(socket: Socket, connection: Connection, changesAt: number): void {
    this.#connections.add(connection, changesAt)
    socket.once('close', () => this.#connections.delete(connection))
  }
}

interface Handshake {
  readonly surface: Surface
  readonly tunnel: Tunnel | undefined
  readonly admission: Verdict
}

interface Connected {
  readonly socket: TLSSocket
  readonly tunnel: Tunnel | undefined
  readonly attempt: Attempt
  readonly path: PathResult
  readonly surface: Surface
}

/** TLS and the tunnel that carries it: neither outlives the other. */
function endTogether(socket: TLSSocket, carrier: Socket): void {
  socket.once('close', () => carrier.destroy())
  carrier.once('close', () => socket.destroy())
  if (carrier.destroyed) socket.destroy()
}

function connectionReset({ host, port }: Call): Error {
  const message = `The connection to "${host}:${port}" was closed while it was being judged`
  return Object.assign(new Error(message), { code: 'ECONNRESET' })
}
