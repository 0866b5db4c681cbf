/**
 * The preload for code that can't be changed: `NODE_OPTIONS="--import pinned-fetch/register"`. It makes one guard of the
 * environment's settings and puts it in front of everything in this thread that opens TLS or speaks plain HTTP.
 *
 * A missing or wrong setting ends the process, so that none runs without pins that was meant to have them. A policy that
 * can't be loaded does not: each call then fails with the reason, until a load works. The code that comes after this
 * starts when the first load has ended, either way.
 *
 * Loaded twice it does nothing the second time; each worker thread loads it anew, since it has globals of its own.
 */

import { syncBuiltinESMExports } from 'node:module'
import { assembleGuard } from '../guard.ts'
import { guardFetch } from './register/fetch.ts'
import { localServices } from './register/local-services.ts'
import { markDialsOf, ownClientAgents } from './register/own-connections.ts'
import { guardRequests } from './register/requests.ts'
import { optionsFromEnvironment } from './register/settings.ts'
import { guardThreads } from './register/threads.ts'
import { guardTls } from './register/tls.ts'

const MARK = Symbol.for('pinned-fetch.register')

if (!Object.hasOwn(globalThis, MARK)) await register()

async function register(): Promise<void> {
  const options = optionsFromEnvironment()
  const awsClientOptions = { requestHandler: ownClientAgents() }
  // Not at once: the load would be under way while its doors are still being built.
  const guard = assembleGuard({ ...options, awsClientOptions, disablePrefetch: true })
  const { parts } = guard
  const isLocal = localServices()
  const hasProxy = options.proxy !== undefined
  Object.defineProperty(globalThis, MARK, { value: true })
  markDialsOf(parts.gate)
  guardTls(parts)
  guardRequests({ guard, gate: parts.gate, reporter: parts.reporter, hasProxy, isLocal })
  guardFetch(guard, isLocal)
  guardThreads(import.meta.url)
  syncBuiltinESMExports()
  // A load that was begun so is tried once more: the first may lose its time to the loading of the SDK.
  parts.store.prefetch()
  await guard.ready().catch(() => undefined)
}
