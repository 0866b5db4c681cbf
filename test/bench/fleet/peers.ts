/**
 * What a user would keep the pins with instead: Middy's secrets-manager and Powertools' parameters, their published code
 * where it is installed, else the caching rules of their source, written down here and called what they are.
 *
 * Middy's cache is the process's, so each environment has a key of its own in it.
 */

import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { SDK_ATTEMPTS } from './contenders.ts'
import type { Contender, Environment, Tenant } from './environment.ts'
import type { SecretsService } from './service.ts'

const SECRET = 'prod/partner-pins'

/** What the fleet asks of them. */
export interface Peers {
  /** "6.4.5", or "modelled from 6.4.5". */
  readonly middyVersion: string
  readonly powertoolsVersion: string
  /** @param cacheExpiry ms; -1: for ever, the default */
  middy(name: string, service: SecretsService, cacheExpiry: number): Contender
  /** @param maxAge seconds; the default is 5 */
  powertools(name: string, service: SecretsService, maxAge: number): Contender
}

interface Client {
  send(): Promise<{ readonly SecretString: string }>
}

type MiddyMiddleware = { before(request: { internal: object; context: Record<string, unknown> }): Promise<void> }

interface Published {
  readonly version: string
  readonly exports: Readonly<Record<string, unknown>>
}

export async function findPeers(): Promise<Peers> {
  const middy = await published('@middy/secrets-manager')
  const powertools = await published('@aws-lambda-powertools/parameters', '/secrets')
  return {
    middyVersion: middy?.version ?? 'modelled from 6.4.5',
    powertoolsVersion: powertools?.version ?? 'modelled from 2.35.0',
    middy: (name, service, cacheExpiry) => ({
      name,
      create: (environment) =>
        middy === undefined
          ? middyModel(environment, service, cacheExpiry)
          : middyTenant(middy, environment, service, cacheExpiry),
    }),
    powertools: (name, service, maxAge) => ({
      name,
      create: (environment) =>
        powertools === undefined
          ? powertoolsModel(environment, service, maxAge)
          : powertoolsTenant(powertools, environment, service, maxAge),
    }),
  }
}

async function published(name: string, entry = ''): Promise<Published | undefined> {
  try {
    const exports: Readonly<Record<string, unknown>> = await import(name + entry)
    const manifest = findPackageJSON(name, import.meta.url)
    const version = manifest === undefined ? 'installed' : String(JSON.parse(readFileSync(manifest, 'utf8')).version)
    return { version, exports }
  } catch {
    return undefined
  }
}

function clientOf(environment: Environment, service: SecretsService): Client {
  return {
    async send() {
      const value = await service.get(SDK_ATTEMPTS)
      environment.value = value
      return { SecretString: JSON.stringify({ version: value.version }) }
    },
  }
}

let keys = 0

function middyTenant(
  { exports }: Published,
  environment: Environment,
  service: SecretsService,
  cacheExpiry: number,
): Tenant {
  const client = clientOf(environment, service)
  class AwsClient {
    readonly send = client.send
    readonly config = {}
  }
  const secretsManager = exports['default'] as (options: object) => MiddyMiddleware
  const { before } = secretsManager({
    AwsClient,
    fetchData: { pins: SECRET },
    cacheKey: `environment ${keys++}`,
    cacheExpiry,
    setToContext: true,
  })
  return {
    async pins() {
      const context: Record<string, unknown> = {}
      await before({ internal: {}, context })
      return versionOf(context['pins'])
    },
  }
}

function powertoolsTenant(
  { exports }: Published,
  environment: Environment,
  service: SecretsService,
  maxAge: number,
): Tenant {
  const { send } = clientOf(environment, service)
  const middlewareStack = { identify: () => [], addRelativeTo() {} }
  const awsSdkV3Client = { send, config: { serviceId: 'Secrets Manager' }, middlewareStack }
  const SecretsProvider = exports['SecretsProvider'] as new (
    options: object,
  ) => {
    get(name: string, options: object): Promise<unknown>
  }
  const provider = new SecretsProvider({ awsSdkV3Client })
  return { pins: async () => versionOf(await provider.get(SECRET, { maxAge, transform: 'json' })) }
}

/** `processCache` of @middy/util 6.4.5: a promise with a date, fetched again by a timer and by the first call after it. */
function middyModel(environment: Environment, service: SecretsService, cacheExpiry: number): Tenant {
  const client = clientOf(environment, service)
  let cached: { value: Promise<unknown> | undefined; expiry: number; refresh?: NodeJS.Timeout | undefined } | undefined
  const fetchData = () => {
    const value: Promise<unknown> = Promise.resolve()
      .then(() => client.send())
      .then(({ SecretString }) => JSON.parse(SecretString))
      .catch((error: unknown) => {
        // What failed is forgotten; the next call fetches it, and nothing is refreshed by timer any more.
        if (cached !== undefined) {
          clearTimeout(cached.refresh)
          cached = { value: undefined, expiry: cached.expiry }
        }
        throw error
      })
    return value
  }
  const process = (): Promise<unknown> => {
    if (cached !== undefined && (cacheExpiry < 0 || cached.expiry > Date.now())) {
      if (cached.value === undefined) cached = { value: fetchData(), expiry: cached.expiry }
      return cached.value ?? Promise.reject(new Error('unreachable'))
    }
    const value = fetchData()
    const refresh = cacheExpiry > 0 ? setTimeout(() => void process(), cacheExpiry) : undefined
    cached = { value, expiry: Date.now() + cacheExpiry, refresh }
    return value
  }
  void process()
  return { pins: async () => versionOf(await process()) }
}

/** `BaseProvider.get` and `ExpirableValue` of Powertools 2.35.0: nothing is shared by two calls, nothing served when old. */
function powertoolsModel(environment: Environment, service: SecretsService, maxAge: number): Tenant {
  const client = clientOf(environment, service)
  let cached: { value: unknown; ttl: number } | undefined
  return {
    async pins() {
      if (cached === undefined || cached.ttl < Date.now()) {
        const value: unknown = JSON.parse((await client.send()).SecretString)
        cached = { value, ttl: Date.now() + maxAge * 1_000 }
      }
      return versionOf(cached.value)
    },
  }
}

function versionOf(pins: unknown): string {
  return (pins as { readonly version: string }).version
}
