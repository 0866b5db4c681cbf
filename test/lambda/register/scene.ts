/**
 * What a process with the preload meets: a partner whose key is pinned, one who shows another key, Secrets Manager with
 * the policy, and an environment that knows them.
 */

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Held, intermediateOf, keptKeys, leafOf, presented, rootAuthority } from '../../support/authority.ts'
import { awsEnvironment, type SecretsEndpoint, startSecretsEndpoint } from '../../support/secrets-endpoint.ts'
import { startTlsServer, type TlsServer, type TlsServerOptions } from '../../support/tls-server.ts'
import type { Errand, Outcome } from './child.ts'

export const SECRET_ID = 'prod/partner-pins'
export const STRANGE_PINS = [`sha256/${'A'.repeat(43)}=`, `sha256/${'B'.repeat(42)}A=`]

/** The preload, as `--import` takes it. */
export const REGISTER = new URL('../../../lib/lambda/register.ts', import.meta.url).href
const CHILD = fileURLToPath(new URL('child.ts', import.meta.url))

let scripts = 0

const TOLD = 'told: '

/** What every script has. */
const PROLOGUE = `
import { codeOf, messageOf } from '${new URL('outcome.ts', import.meta.url)}'
const tell = (value) => process.stdout.write('\\n${TOLD}' + JSON.stringify(value) + '\\n', () => process.exit())
const outcomeOf = (call) => call.then(({ status, statusCode }) => status ?? statusCode, codeOf)
const sent = (request) => new Promise((resolve, reject) => {
  request.on('response', (incoming) => resolve(incoming.resume())).on('error', reject).end()
})`

/** A child that takes longer hangs, ms. */
const LIMIT_MS = 120_000

export interface Scene {
  /** Shows the key that is pinned for it. */
  readonly good: TlsServer
  /** Shows a key that is verified, and not pinned. */
  readonly bad: TlsServer
  readonly secrets: SecretsEndpoint
  readonly leaf: Held
  readonly environment: NodeJS.ProcessEnv
  url(server: { readonly port: number }): string
  store(policy: object): void
  run(errands: readonly Errand[], options?: RunOptions): Promise<Ran>
  /** Runs a module with the preload; `codeOf` is at hand, and what it passes to `tell` comes back. */
  script<Told>(code: string, options?: ScriptOptions): Promise<Scripted<Told>>
}

export interface Scripted<Told> extends Ended {
  readonly told: Told | undefined
}

export interface ScriptOptions extends RunOptions {
  /** What the script finds in `given`. */
  readonly given?: unknown
}

export interface RunOptions {
  readonly environment?: NodeJS.ProcessEnv
  /** Arguments of Node; unset: the preload alone. */
  readonly nodeArguments?: readonly string[]
}

export interface Ran {
  readonly outcomes: readonly Outcome[]
  readonly stdout: string
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export async function prepareScene(t: TestContext, options: TlsServerOptions = {}): Promise<Scene> {
  const root = await rootAuthority('Scene Root', { keys: await keptKeys('p256', 'root') })
  const issuer = await intermediateOf(root, 'Scene CA', { keys: await keptKeys('p256', 'issuer') })
  const leaf = await leafOf(issuer, ['localhost', '127.0.0.1'], { keys: await keptKeys('p256', 'leaf') })
  const chain = presented(leaf, issuer)
  const good = await startTlsServer(chain, options)
  const bad = await startTlsServer(chain, options)
  const secrets = await startSecretsEndpoint()
  const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-register-'))
  writeFileSync(join(folder, 'root.pem'), root.certificate)
  // For the packages that a script imports.
  symlinkSync(fileURLToPath(new URL('../../../node_modules', import.meta.url)), join(folder, 'node_modules'))
  t.after(async () => {
    await Promise.all([good.close(), bad.close(), secrets.close()])
    rmSync(folder, { recursive: true })
  })
  const environment: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    ...awsEnvironment(secrets),
    NODE_EXTRA_CA_CERTS: join(folder, 'root.pem'),
    PINNED_FETCH_SECRET_ID: SECRET_ID,
  }
  const store = (policy: object) => void secrets.put(SECRET_ID, JSON.stringify(policy))
  store(policyOf({ [`localhost:${good.port}`]: [leaf.pin, ...STRANGE_PINS], [`localhost:${bad.port}`]: STRANGE_PINS }))
  return {
    good,
    bad,
    secrets,
    leaf,
    environment,
    url: ({ port }) => `https://localhost:${port}/`,
    store,
    async run(errands, { environment: more = {}, nodeArguments = ['--import', REGISTER] } = {}) {
      const ended = await runNode([...nodeArguments, CHILD, JSON.stringify(errands)], { ...environment, ...more })
      if (ended.code !== 0) throw new Error(`the child ended with ${ended.code}:\n${ended.stdout}\n${ended.stderr}`)
      return { outcomes: JSON.parse(ended.stdout.split('\n').at(-1) ?? ''), stdout: ended.stdout }
    },
    async script(code, { environment: more = {}, nodeArguments = ['--import', REGISTER], given } = {}) {
      const file = join(folder, `script-${++scripts}.mjs`)
      writeFileSync(file, `${PROLOGUE}\nconst given = ${JSON.stringify(given ?? null)}\n${code}`)
      const ended = await runNode([...nodeArguments, file], { ...environment, ...more })
      const line = ended.stdout.split('\n').findLast((one) => one.startsWith(TOLD))
      return { ...ended, told: line === undefined ? undefined : JSON.parse(line.slice(TOLD.length)) }
    },
  }
}

export function policyOf(hosts: Readonly<Record<string, readonly string[]>>, rest: object = {}): object {
  const entries = Object.entries(hosts).map(([host, pins]) => [host, { pins }])
  return { version: 1, hosts: Object.fromEntries(entries), ...rest }
}

export async function runNode(parameters: readonly string[], environment: NodeJS.ProcessEnv): Promise<Ended> {
  const child = spawn(process.execPath, parameters, { env: environment, timeout: LIMIT_MS })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, stdout, stderr }
}
