/**
 * Patches of `node:tls` for the time of a test, as agents of monitoring tools make them: they hold for whoever imports
 * the module and for whoever requires it.
 */

import { syncBuiltinESMExports } from 'node:module'
import type { TestContext } from 'node:test'
import tls from 'node:tls'

/** Every `tls.connect` gets other options than its caller gave. */
export function changeConnectOptions(
  t: TestContext,
  change: (options: tls.ConnectionOptions) => tls.ConnectionOptions,
): void {
  const original = tls.connect
  const replacement = (options: tls.ConnectionOptions) => original(change(options))
  tls.connect = replacement as typeof tls.connect
  syncBuiltinESMExports()
  t.after(() => {
    tls.connect = original
    syncBuiltinESMExports()
  })
}

/** Node's check of names is replaced by one that is content with everything. */
export function acceptEveryName(t: TestContext): void {
  const original = tls.checkServerIdentity
  tls.checkServerIdentity = () => undefined
  syncBuiltinESMExports()
  t.after(() => {
    tls.checkServerIdentity = original
    syncBuiltinESMExports()
  })
}

/** Somebody is told of an event of every TLS connection before those who opened it. */
export function beforeListeners(t: TestContext, event: string, look: (socket: tls.TLSSocket) => void): void {
  const prototype = tls.TLSSocket.prototype as unknown as Emitting
  const { emit } = prototype
  prototype.emit = function (name, ...rest) {
    if (name === event && this.encrypted && !('server' in this && this.server)) look(this)
    return emit.call(this, name, ...rest)
  }
  t.after(() => {
    prototype.emit = emit
  })
}

interface Emitting {
  emit: (this: tls.TLSSocket, ...event: unknown[]) => boolean
}
