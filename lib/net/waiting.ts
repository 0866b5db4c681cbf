/**
 * A request of `node:https` that waits: for the policy, or for its connection to be opened and judged.
 *
 * Node hands a plain request its socket at once, and lets the socket's events end it. Ours gets its socket only after
 * the judgement; until then `destroy()`, an abort signal and `setTimeout()` would go unheard, and an attacker who stalls
 * the handshake would hold the request for ever. So they are heard here.
 */

import type { ClientRequest } from 'node:http'

/** What `setTimeout()` was given while its request waited: a request may wait more than once. */
const limits = new WeakMap<ClientRequest, number>()

/**
 * Settles as `work` does, or rejects as soon as the request is destroyed. Emits `timeout` on the request when its own
 * time-out passes first, as a socket would.
 *
 * @param abandon frees what `work` holds; called when the request is destroyed first
 */
export function waitWith<Result>(request: ClientRequest, work: Promise<Result>, abandon: () => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    const { destroy, setTimeout: setRequestTimeout } = request
    let timer: NodeJS.Timeout | undefined
    function limit(milliseconds: number): void {
      clearTimeout(timer)
      if (milliseconds > 0) timer = setTimeout(() => request.emit('timeout'), milliseconds)
    }
    function release(): void {
      clearTimeout(timer)
      Object.assign(request, { destroy, setTimeout: setRequestTimeout })
    }
    request.setTimeout = (milliseconds, callback) => {
      limits.set(request, milliseconds)
      limit(milliseconds)
      return setRequestTimeout.call(request, milliseconds, callback)
    }
    request.destroy = (error) => {
      release()
      abandon()
      destroy.call(request, error)
      reject(error ?? hungUp())
      return request
    }
    limit(limits.get(request) ?? timeoutOption(request))
    work.finally(release).then(resolve, reject)
    if (request.destroyed) request.destroy()
  })
}

/** Ends a request that has no socket, as Node's own agent does: the error is emitted on the next tick. */
export function failRequest(request: ClientRequest, error: Error): void {
  const ending = request as unknown as { onSocket(socket: null, error: Error): void }
  ending.onSocket(null, error)
}

/** The option `timeout` of the request, which is not in Node's types. */
function timeoutOption(request: ClientRequest): number {
  return (request as unknown as { readonly timeout?: number }).timeout ?? 0
}

function hungUp(): Error {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
}
