/**
 * Watches one request of a pool: lets it begin only while the pool is in use, and tells when it ends.
 *
 * A request may wait inside undici (for the protocol to be negotiated, for a free HTTP/2 stream) while a new policy
 * retires its pool. `onRequestStart` is the last moment before its first byte: there it is turned round and dispatched
 * anew, on a connection that the new policy accepts.
 */

import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Destination } from '../destination.ts'

type Handler = Dispatcher.DispatchHandler

/** What the pool wants to know and say about its requests. */
export interface Watch {
  /** Whether a request may still begin on the pool. */
  mayBegin(request: WatchedHandler): boolean
  /** Dispatches a request anew. */
  again(request: WatchedHandler): void
  /** A request has its connection and may write; nothing of it is written yet. */
  began(request: WatchedHandler): void
  /** Something of a request is written, or it is over. */
  written(request: WatchedHandler): void
  /** A request became another protocol (WebSocket, CONNECT), which goes on until its stream closes. */
  upgraded(stream: Duplex): void
  /** A request is done, well or not; called once for each. */
  ended(): void
}

/** Thrown to undici in place of beginning the request; never seen by anybody else. */
class TurnedRound extends Error {
  override readonly name = 'TurnedRound'
}

export class WatchedHandler implements Handler {
  readonly destination: Destination
  readonly options: Dispatcher.DispatchOptions
  /** Whose request it is. */
  readonly inner: Handler
  readonly #watch: Watch
  #ended = false
  #controller: Dispatcher.DispatchController | undefined

  constructor(watch: Watch, destination: Destination, options: Dispatcher.DispatchOptions, inner: Handler) {
    this.#watch = watch
    this.destination = destination
    this.options = options
    this.inner = inner
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    if (!this.#watch.mayBegin(this)) throw new TurnedRound('the pool was retired')
    this.#controller = controller
    this.#watch.began(this)
    this.inner.onRequestStart?.(controller, context)
  }

  onRequestUpgrade(...parameters: Parameters<NonNullable<Handler['onRequestUpgrade']>>): void {
    const stream = parameters[3]
    this.#watch.upgraded(stream)
    stream.once('close', () => this.#end())
    this.inner.onRequestUpgrade?.(...parameters)
  }

  onResponseStarted(): void {
    this.inner.onResponseStarted?.()
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: IncomingHttpHeaders,
    statusMessage?: string,
  ): void {
    this.inner.onResponseStart?.(controller, statusCode, headers, statusMessage)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.inner.onResponseData?.(controller, chunk)
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    this.#end()
    this.inner.onResponseEnd?.(controller, trailers)
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    this.#end()
    if (error instanceof TurnedRound) this.#watch.again(this)
    else this.inner.onResponseError?.(controller, error)
  }

  onBodySent(chunk: Buffer): void {
    this.#watch.written(this)
    this.inner.onBodySent?.(chunk)
  }

  onRequestSent(): void {
    this.#watch.written(this)
    this.inner.onRequestSent?.()
  }

  /** Ends a request of which nothing is written. */
  giveUp(reason: Error): void {
    this.#controller?.abort(reason)
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#watch.written(this)
    this.#watch.ended()
  }
}
