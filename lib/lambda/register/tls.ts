/**
 * `tls.connect` for the whole process: TLS that is opened by none of the guard's surfaces. `http2.connect`, an undici
 * Agent of somebody's own, a database driver, a proxy agent after its CONNECT: in Node they all come by here.
 *
 * A socket is handed out at once, so there is nobody who could wait: the judgement falls where Node itself asks whether
 * the peer is who it says (`checkServerIdentity`), within the handshake and before the first byte of what was written
 * meanwhile. Other than at the gate, a session is never resumed (Node would not ask), and a mismatch is judged by the
 * policy at hand; the source is asked for the next connection.
 *
 * A host that no entry covers goes out unchanged where the policy's default lets it and denies no key.
 */

import { Duplex } from 'node:stream'
import tls, { type ConnectionOptions, type PeerCertificate, type TLSSocket } from 'node:tls'
import { PinnedFetchError } from '../../errors.ts'
import type { GuardParts } from '../../guard.ts'
import { type Call, judge, judgeCall, type Rules } from '../../judge.ts'
import { isAddress } from '../../net/call.ts'
import { asError, bothIdentityChecks } from '../../net/callbacks.ts'
import { type Connection, Connections } from '../../net/connections.ts'
import { presentedCertificates, takeCertificates } from '../../net/peer.ts'
import { SECURE_OPTIONS } from '../../net/trust.ts'
import { PathMemory } from '../../x509/path-memory.ts'
import { callOf } from './destination.ts'
import { afterAsking, hold } from './held-socket.ts'
import { takeMark } from './own-connections.ts'
import { type ReadConnection, readConnection } from './tls-arguments.ts'

/** Options that would show us no certificate, or another than the one that was judged. */
const FORCED = { rejectUnauthorized: true, session: undefined, pskCallback: undefined } as const

/** Options that a shared TLS context has no place for. */
const CONTEXT_OPTIONS = [
  'cert',
  'key',
  'pfx',
  'crl',
  'minVersion',
  'maxVersion',
  'ciphers',
  'sigalgs',
  'ecdhCurve',
  'secureOptions',
  'secureProtocol',
  'clientCertEngine',
  'privateKeyEngine',
]

/** The longest that a timer of Node's waits. */
const MAX_DELAY_MS = 2 ** 31 - 1

const { connect: connectOfNode, checkServerIdentity: checkIdentityOfNode, TLSSocket: SocketOfNode } = tls

type Connect = (...parameters: readonly unknown[]) => TLSSocket

/** Puts the judgement into `tls.connect`. `module.syncBuiltinESMExports()` is the caller's to call. */
export function guardTls(parts: GuardParts): void {
  const outside = new OutsideTls(parts)
  const connect: Connect = (...parameters) => {
    if (takeMark()) return (connectOfNode as Connect)(...parameters)
    return outside.connect(parameters)
  }
  for (const exported of [tls, oldTls()]) {
    if (exported === undefined) continue
    Object.defineProperty(exported, 'connect', { value: connect, writable: true, enumerable: true, configurable: true })
  }
}

/** The module that `node:tls` was in former times, and that is still there by its own name. */
function oldTls(): object | undefined {
  const { noDeprecation } = process
  // Node warns of who loads it, which in this process nobody may do.
  process.noDeprecation = true
  try {
    return process.getBuiltinModule('_tls_wrap') as object | undefined
  } finally {
    Object.assign(process, { noDeprecation })
  }
}

class OutsideTls {
  readonly #parts: GuardParts
  readonly #memory = new PathMemory()
  readonly #connections: Connections

  constructor(parts: GuardParts) {
    this.#parts = parts
    this.#connections = new Connections(parts.trust)
    parts.store.onChange((rules) => this.#connections.review(rules, parts.clock.now()))
  }

  connect(parameters: readonly unknown[]): TLSSocket {
    const read = readConnection(parameters)
    const { reporter, clock } = this.#parts
    try {
      const rules = this.#rules()
      this.#connections.review(rules, clock.now())
      const call = this.#callOf(read, rules)
      const admission = judgeCall(rules, call)
      if (admission.decision !== 'accept') reporter.failure(admission, call, clock.now())
      if (admission.decision === 'refuse') throw admission.error
      // A denied key is denied everywhere: with a list of those every connection has to prove its path.
      if (admission.entry === undefined && rules.policy.deny.size === 0) return this.#unchanged(call, read)
      return this.#judged(call, read, rules)
    } catch (error) {
      return refused(read, asError(error))
    }
  }

  /** The rules at hand: a socket can't wait for a load, but its beginning starts one. */
  #rules(): Rules {
    const { gate, store } = this.#parts
    const rules = gate.rules()
    if (!(rules instanceof Promise)) return rules
    rules.catch(() => undefined)
    const { servable } = store
    if (servable !== undefined) return servable
    throw new PinnedFetchError('ERR_POLICY_UNAVAILABLE', {
      source: store.name,
      problem: 'it is not loaded yet, or too old, and tls.connect can not wait',
      repair: 'see the PolicyRefreshFailure before this; a later connection works once a load has',
    })
  }

  #callOf({ options }: ReadConnection, rules: Rules): Call {
    return callOf(options, (host, port) => this.#parts.gate.callTo('https:', host, port), rules.policy)
  }

  #unchanged(call: Call, read: ReadConnection): TLSSocket {
    const { options, callback } = read
    const socket = (connectOfNode as Connect)(options, callback)
    // Whom a socket leads to that was not connected yet, nobody could tell.
    if (options.socket) afterAsking(socket, () => this.#refusalOf(read))
    // A policy that comes to cover the host, or to refuse it, ends the connection.
    this.#note(socket, call, { verified: undefined, reason: 'it was opened before an entry covered it', presented: [] })
    return socket
  }

  /** Why it would not have been let out unchanged if its place had been known. Never throws. */
  #refusalOf(read: ReadConnection): Error | undefined {
    try {
      const rules = this.#rules()
      const call = this.#callOf(read, rules)
      const { decision, entry } = judgeCall(rules, call)
      if (decision !== 'refuse' && entry === undefined) return undefined
      return new PinnedFetchError('ERR_CONFIGURATION', {
        option: 'socket',
        problem: `was handed to tls.connect before it was connected, without a name, and leads to "${call.host}"`,
        repair: 'give tls.connect the name of the host as "servername", or hand over a socket that is connected',
      })
    } catch (error) {
      return asError(error)
    }
  }

  #judged(call: Call, read: ReadConnection, rules: Rules): TLSSocket {
    const { options, callback } = read
    const { trust, reporter } = this.#parts
    if (options.rejectUnauthorized === false) {
      reporter.warn(
        'VERIFICATION_REQUESTED_OFF',
        'A connection to a covered host sets rejectUnauthorized: false; it is ignored, TLS verification stays on',
      )
    }
    const ours = (_name: string, certificate: PeerCertificate) => this.#verdict(read, socket, certificate)
    const chosen = trust.for(rules.policy.hosts.find(call.host, call.port))
    const { ca: _, ...kept } = options
    const socket: TLSSocket = (connectOfNode as Connect)(
      {
        ...kept,
        ...contextOf(options, chosen),
        ...FORCED,
        // The name that is judged is the name that TLS asks for; an address is never sent as one (RFC 6066).
        servername: isAddress(call.host) ? '' : call.host,
        checkServerIdentity: bothIdentityChecks(ours, options.checkServerIdentity),
      },
      callback,
    )
    takeCertificates(socket)
    hold(socket)
    return socket
  }

  /** Why the peer is refused; asked by Node when its own verification has passed. Never throws. */
  #verdict(read: ReadConnection, socket: TLSSocket, certificate: PeerCertificate): Error | undefined {
    try {
      const { trust, store, reporter, clock } = this.#parts
      const now = clock.now()
      const rules = this.#rules()
      // Anew: where a socket leads that the caller brought may be known only now.
      const call = this.#callOf(read, rules)
      const stranger = checkIdentityOfNode(call.host, certificate)
      if (stranger !== undefined) return stranger
      const { set } = trust.for(rules.policy.hosts.find(call.host, call.port))
      const path = this.#memory.verify(presentedCertificates(socket), { host: call.host, trust: set, now })
      const verdict = judge(rules, call, { path, trustId: set.id }, now)
      if (verdict.decision === 'accept') reporter.success(verdict, call, { path, resumed: false, now })
      else {
        reporter.failure(verdict, call, now)
        void store.rulesSince(clock.elapsed())
      }
      if (verdict.decision === 'refuse') return verdict.error
      this.#note(socket, call, path, verdict.changesAt)
      return undefined
    } catch (error) {
      return asError(error)
    }
  }

  #note(socket: TLSSocket, call: Call, path: Parameters<typeof judge>[2]['path'], changesAt = Infinity): void {
    const connection = { call, path, retire: () => void socket.destroy() }
    this.#connections.add(connection, changesAt)
    socket.once('close', () => this.#connections.delete(connection))
    this.#reviewAt(changesAt, socket, connection)
  }

  /** Nobody asks before he writes to such a connection: so a date is looked at when it comes. */
  #reviewAt(instant: number, socket: TLSSocket, { call, path }: Pick<Connection, 'call' | 'path'>): void {
    if (!Number.isFinite(instant)) return
    const { store, trust, clock } = this.#parts
    const review = () => {
      const rules = store.latest
      if (rules === undefined || socket.destroyed) return
      this.#connections.review(rules, clock.now())
      const trustId = trust.for(rules.policy.hosts.find(call.host, call.port)).set.id
      const { changesAt } = judge(rules, call, { path, trustId }, clock.now())
      if (!socket.destroyed) this.#reviewAt(changesAt, socket, { call, path })
    }
    const delay = Math.min(Math.max(instant - clock.now(), 0) + 1, MAX_DELAY_MS)
    const timer = setTimeout(review, delay).unref()
    socket.once('close', () => clearTimeout(timer))
  }
}

/** The caller's own context keeps its client certificate; whom it trusts is overruled by our own path. */
function contextOf(
  options: ConnectionOptions,
  trust: ReturnType<GuardParts['trust']['for']>,
): Pick<ConnectionOptions, 'secureContext' | 'secureOptions' | 'ca'> {
  const { secureContext } = options
  if (secureContext !== undefined) {
    const native = secureContext.context as { setOptions?: (options: number) => void }
    if (typeof native.setOptions !== 'function') throw new Error('this secureContext can not be made to hold')
    native.setOptions(SECURE_OPTIONS)
    return { secureContext }
  }
  const isShared = CONTEXT_OPTIONS.every((name) => Reflect.get(options, name) === undefined)
  if (isShared) return { secureContext: trust.secureContext }
  const secureOptions = (options.secureOptions ?? 0) | SECURE_OPTIONS
  return { secureOptions, ...(trust.ca === undefined ? {} : { ca: [...trust.ca] }) }
}

/** A socket that never was connected, and says why. */
function refused({ options }: ReadConnection, error: Error): TLSSocket {
  options.socket?.destroy()
  const nowhere = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  const socket = new SocketOfNode(nowhere as never)
  socket.destroy(error)
  return socket
}
