/**
 * What a surface (the agent, the pools, the dialler of proxies) brings to the gate: how to open a socket, and how to take
 * it out of use.
 */

import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ForcedOptions } from './attempt.ts'
import type { Trust } from './trust.ts'

/** Opens a TLS socket and calls back once: after `secureConnect`, or with the error. Returns the socket at once. */
export type Dial = (options: DialOptions, trust: Trust, callback: DialCallback) => TLSSocket

export type DialCallback = (error: Error | null, socket?: TLSSocket) => void

export interface DialOptions extends ForcedOptions {
  /** The tunnel through a proxy that TLS is spoken over; unset: a connection of its own. */
  readonly socket?: Socket
}

export interface Surface {
  readonly dial: Dial
  /** Whether the connection may resume and be resumed: not when it carries a client certificate, or a check of its own. */
  readonly isResumable: boolean
  /** Takes the connection out of use later, when a policy or a date refuses it. */
  readonly retire: (socket: TLSSocket) => void
  /** The host that is connected to, when it is another than the judged name: an address that somebody looked up. */
  readonly dialled?: string | undefined
  /** Given up by the caller: what is being opened is closed. */
  readonly signal?: AbortSignal
}
