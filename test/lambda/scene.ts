/**
 * What a deployed function meets: a partner's API with its certificate, Secrets Manager with the partner's pins, and a
 * process environment that knows both.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { intermediateOf, keptKeys, leafOf, presented, rootAuthority } from '../support/authority.ts'
import { type RunningFunction, runtimeClientBuilt, startFunction } from '../support/lambda-runtime.ts'
import { awsEnvironment, type SecretsEndpoint, startSecretsEndpoint } from '../support/secrets-endpoint.ts'
import { type PresentedChain, startTlsServer, type TlsServer, type TlsServerOptions } from '../support/tls-server.ts'
import type { Bundles } from './bundle.ts'

/** Reason for a test to be skipped where only a small loop stands in for the runtime: it can't stream, nor use threads. */
export const WITHOUT_RUNTIME_CLIENT: string | false = runtimeClientBuilt()
  ? false
  : 'NOT RUN: aws-lambda-ric is not built here (sh test/support/setup.sh --with-runtime)'

export const SECRET_ID = 'prod/partner-pins'

/** Every host of the partner; its certificate names them all. */
export const HOST = 'api.partner.test'
/** Resolved without help, for handlers that set no `lookup`. */
export const LOCAL_HOST = 'localhost'

/** Pins that no certificate matches. */
export const STRANGE_PIN = `sha256/${'A'.repeat(43)}=`
export const OTHER_STRANGE_PIN = `sha256/${'B'.repeat(42)}A=`

export interface Scene {
  readonly partner: TlsServer
  readonly secrets: SecretsEndpoint
  /** Of the partner's leaf. */
  readonly pin: string
  /** For another server of the partner. */
  readonly chain: PresentedChain
  /** The partner's URL under one of its names. */
  url(host?: string, path?: string): string
  /** Stores a policy of these hosts with these pins; unset: all the partner's hosts with its pin. */
  storePins(hosts?: Readonly<Record<string, unknown>>): void
  start(fixture: string, options?: StartOptions): Promise<RunningFunction>
}

export interface StartOptions {
  readonly environment?: Readonly<Record<string, string>>
  /** Of the guard, for fixtures that take some from the environment. */
  readonly guard?: Readonly<Record<string, unknown>>
}

/** Removed when the test ends, with every function it started. */
export async function prepareScene(t: TestContext, bundles: Bundles, options: TlsServerOptions = {}): Promise<Scene> {
  const root = await rootAuthority('Scene Root', { keys: await keptKeys('p256', 'root') })
  const issuer = await intermediateOf(root, 'Scene CA', { keys: await keptKeys('p256', 'issuer') })
  const names = [HOST, `*.${HOST}`, LOCAL_HOST]
  const leaf = await leafOf(issuer, names, { keys: await keptKeys('p256', 'leaf') })
  const chain = presented(leaf, issuer)
  const partner = await startTlsServer(chain, options)
  const secrets = await startSecretsEndpoint()
  const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-scene-'))
  const anchors = join(folder, 'root.pem')
  writeFileSync(anchors, root.certificate)
  const functions: RunningFunction[] = []
  t.after(async () => {
    await Promise.all(functions.map((running) => running.stop()))
    await Promise.all([partner.close(), secrets.close()])
    rmSync(folder, { recursive: true })
  })

  const storePins: Scene['storePins'] = (hosts = pinned(leaf.pin)) =>
    void secrets.put(SECRET_ID, JSON.stringify({ version: 1, hosts }))
  storePins()
  return {
    partner,
    secrets,
    pin: leaf.pin,
    chain,
    url: (host = HOST, path = '/v1/quotes') => `https://${host}:${partner.port}${path}`,
    storePins,
    async start(fixture, { environment = {}, guard = {} } = {}) {
      const running = await startFunction({
        taskRoot: bundles.taskRoot,
        handler: `${fixture}.handler`,
        environment: {
          ...awsEnvironment(secrets),
          NODE_EXTRA_CA_CERTS: anchors,
          GUARD_OPTIONS: JSON.stringify(guard),
          ...environment,
        },
      })
      functions.push(running)
      return running
    },
  }
}

/** The hosts of a policy that pins every name of the partner. */
export function pinned(pin: string): Record<string, { readonly pins: readonly string[] }> {
  const entry = { pins: [pin, STRANGE_PIN] }
  return { [HOST]: entry, [`*.${HOST}`]: entry, [LOCAL_HOST]: entry }
}
