/**
 * `tls.connect` for the whole process: TLS that is opened by none of the guard's surfaces. `http2.connect`, an undici
 * Agent of somebody's own, a database driver, a proxy agent after its CONNECT: in Node they all come by here.
 *
 * A socket is handed out at once, so there is nobody who could wait: the judgement falls where Node itself asks whether
 * the peer is who it says (`checkServerIdentity`), within the handshake and before the first byte of what was written
 * meanwhile. Other than at the gate, a session is never resumed (Node would not ask), and a mismatch is judged by the
 * policy at hand; the source is asked for the next connection.
 *
 * A host that no entry covers goes out unchanged where the policy's default lets it.
 */

import { Duplex } from 'node:stream'
import tls, { type ConnectionOptions, type PeerCertificate, type TLSSocket } from 'node:tls'
import { PinnedFetchError } from '../../errors.ts'
import type { GuardParts } from '../../guard.ts'
import { type Call, judge, judgeCall, type Rules } from '../../judge.ts'
import { isAddress } from '../../net/call.ts'
import { asError, bothIdentityChecks } from '../../net/callbacks.ts'
import { Connections } from '../../net/connections.ts'
import { presentedCertificates, takeCertificates } from '../../net/peer.ts'
import { SECURE_OPTIONS } from '../../net/trust.ts'
import { PathMemory } from '../../x509/path-memory.ts'
import { takeMark } from './own-connections.ts'
import { type ReadConnection, readConnection } from './tls-arguments.ts'

/** Options that would show us no certificate, or another than the one that was judged. */
const FORCED = { rejectUnauthorized: true, session: undefined, pskCallback: undefined } as const

/** Options that a shared TLS context has no place for. */
const CONTEXT_OPTIONS = ['cert', 'key', 'pfx', 'crl', 'minVersion', 'maxVersion', 'ciphers', 'sigalgs', 'ecdhCurve']

const { connect: connectOfNode, checkServerIdentity: checkIdentityOfNode, TLSSocket: SocketOfNode } = tls

type Connect = (...parameters: readonly unknown[]) => TLSSocket

/** Puts the judgement into `tls.connect`. `module.syncBuiltinESMExports()` is the caller's to call. */
export function guardTls(parts: GuardParts): void {
  const outside = new OutsideTls(parts)
  const connect: Connect = (...parameters) => {
    if (takeMark()) return (connectOfNode as Connect)(...parameters)
    return outside.connect(parameters)
  }
  Object.defineProperty(tls, 'connect', { value: connect, writable: true, enumerable: true, configurable: true })
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
    const { reporter, clock, gate } = this.#parts
    try {
      const rules = this.#rules()
      this.#connections.review(rules, clock.now())
      const call = callOf(read, (host, port) => gate.callTo('https:', host, port), rules)
      const admission = judgeCall(rules, call, clock.now())
      if (admission.decision !== 'accept') reporter.failure(admission, call, clock.now())
      if (admission.decision === 'refuse') throw admission.error
      if (admission.entry === undefined) return this.#unchanged(call, read)
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
    if (store.latest !== undefined) return store.latest
    throw new PinnedFetchError('ERR_POLICY_UNAVAILABLE', {
      source: store.name,
      problem: 'it is not loaded yet, and tls.connect can not wait',
      repair: 'see the PolicyRefreshFailure before this; a later connection works once a load has',
    })
  }

  #unchanged(call: Call, { options, callback }: ReadConnection): TLSSocket {
    const socket = (connectOfNode as Connect)(options, callback)
    // A policy that comes to cover the host, or to refuse it, ends the connection.
    this.#note(socket, call, { verified: undefined, reason: 'it was opened before an entry covered it', presented: [] })
    return socket
  }

  #judged(call: Call, { options, callback }: ReadConnection, rules: Rules): TLSSocket {
    const { trust, reporter } = this.#parts
    if (options.rejectUnauthorized === false) {
      reporter.warn(
        'VERIFICATION_REQUESTED_OFF',
        'A connection to a covered host sets rejectUnauthorized: false; it is ignored, TLS verification stays on',
      )
    }
    const ours = (_name: string, certificate: PeerCertificate) => this.#verdict(call, socket, certificate)
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
    // Of a resumed session Node asks nothing.
    Object.defineProperty(socket, 'setSession', { value: () => undefined })
    return socket
  }

  /** Why the peer is refused; asked by Node when its own verification has passed. Never throws. */
  #verdict(call: Call, socket: TLSSocket, certificate: PeerCertificate): Error | undefined {
    try {
      const stranger = checkIdentityOfNode(call.host, certificate)
      if (stranger !== undefined) return stranger
      const { trust, store, reporter, clock } = this.#parts
      const now = clock.now()
      const rules = this.#rules()
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
  }
}

/**
 * The place that is judged: the host that is dialled when an entry covers it, else the name that TLS is to verify. Over
 * a socket of the caller's (a tunnel, STARTTLS) the port is a guess: the first that an entry covers.
 */
function callOf(
  { options, host, ports }: ReadConnection,
  callTo: (host: string, port: number) => Call,
  { policy }: Rules,
): Call {
  const names = [host, options.servername].filter((name) => typeof name === 'string' && name !== '')
  const calls = (names.length === 0 ? ['localhost'] : names).flatMap((name) =>
    ports.map((port) => callTo(String(name), port)),
  )
  const covered = calls.find((call) => policy.hosts.find(call.host, call.port) !== undefined)
  return covered ?? (calls.at(-ports.length) as Call)
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
