/**
 * Who keeps the pins: the real `PolicyStore`, by the SDK's source and by the extension's, and what a user would have
 * instead. Each asks the same service, with the retries its own client has.
 */

import { DEFAULT_CACHE_EXPIRY_MS, DEFAULT_MAX_STALE_MS } from '../../../lib/options.ts'
import type { PolicySource } from '../../../lib/source/source.ts'
import { PolicyStore } from '../../../lib/source/store.ts'
import { pinOf } from '../../source/controllable-source.ts'
import type { Contender, Environment } from './environment.ts'
import type { SecretsService, SecretValue } from './service.ts'

/** lib/source/secrets-manager.ts asks so often in one load. */
const OWN_ATTEMPTS = 2

/** The default of every SDK. */
export const SDK_ATTEMPTS = 3

/** The default of SECRETS_MANAGER_TTL, and its highest. */
export const EXTENSION_TTL_MS = 300_000

/** An answer from the cache of the extension, and how often it is asked until INIT has ended, ms. */
const LOOPBACK_MS = 1
const NOT_READY_PAUSE_MS = 50

/** Small, and without a wildcard: one loads the list of public suffixes from disk, for which virtual time can't wait. */
const DOCUMENT = { version: 1, hosts: { 'api.partner.example': { pins: [pinOf(1), pinOf(2)] } } }

export function pinned(name: string, service: SecretsService, cacheExpiry = DEFAULT_CACHE_EXPIRY_MS): Contender {
  return {
    name,
    create: (environment) => storeTenant(environment, cacheExpiry, (signal) => service.get(OWN_ATTEMPTS, signal)),
  }
}

/** By the Lambda extension: its cache is the environment's, and sleeps with it. */
export function pinnedByExtension(name: string, service: SecretsService): Contender {
  return {
    name,
    create(environment) {
      let cached: SecretValue | undefined
      const read = async () => {
        while (!environment.isInvoked) await pause(NOT_READY_PAUSE_MS)
        await pause(LOOPBACK_MS)
        if (cached === undefined || environment.world.now - cached.readAt >= EXTENSION_TTL_MS) {
          cached = await service.get(SDK_ATTEMPTS)
        }
        return cached
      }
      return storeTenant(environment, DEFAULT_CACHE_EXPIRY_MS, read, EXTENSION_TTL_MS)
    },
  }
}

/** What lib/guard.ts and lib/lambda/middleware.ts do with the store. */
function storeTenant(
  environment: Environment,
  cacheExpiry: number,
  read: (signal: AbortSignal | undefined) => Promise<SecretValue>,
  cachedFor = 0,
) {
  const source: PolicySource = {
    name: 'secret "prod/partner-pins"',
    cachedFor,
    async load(signal) {
      const value = await read(signal)
      environment.value = value
      return { document: DOCUMENT, version: value.version, stage: 'AWSCURRENT' }
    },
  }
  const { clock } = environment.world
  const store = new PolicyStore([source], { cacheExpiry, maxStale: DEFAULT_MAX_STALE_MS, clock, emit: () => {} })
  store.prefetch()
  return {
    begin(remaining: number, slept: boolean) {
      if (slept) store.thaw()
      store.expectEnd(remaining)
      store.prefetch()
    },
    pins() {
      const rules = store.rules()
      return rules instanceof Promise ? rules.then(({ version = '' }) => version) : (rules.version ?? '')
    },
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
