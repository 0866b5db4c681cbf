/**
 * What the rotation function meets when it is deployed: Secrets Manager, which calls it for the four steps; a partner that
 * has a key of today and a next one; and guards that read the same secret all the while.
 *
 * The function is bundled as it is for Lambda, and runs in a process of its own, under the runtime.
 */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager'
import { createGuard } from '../../lib/index.ts'
import { versionIdFor } from '../../lib/policy/rotation.ts'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { type Outcome, type RunningFunction, startFunction } from '../support/lambda-runtime.ts'
import {
  awsClientOptions,
  awsEnvironment,
  type RotationEvent,
  type RotationRun,
  type SecretsEndpoint,
  startSecretsEndpoint,
} from '../support/secrets-endpoint.ts'
import { startTlsServer, type TlsServer } from '../support/tls-server.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export const SECRET = 'prod/pins'
export const FUNCTION = 'arn:aws:lambda:us-east-1:123456789012:function:rotation'

const CANDIDATE = 'PinnedFetchCandidate'
const APPROVED = 'PinnedFetchApproved'

export const root = await rootAuthority('Partner Root')
export const today = await leafOf(root, ['localhost'])
export const next = await leafOf(root, ['localhost'])
export const reserve = await leafOf(root, ['localhost'])

export interface Scene {
  readonly endpoint: SecretsEndpoint
  readonly server: TlsServer
  readonly client: SecretsManagerClient
  readonly running: RunningFunction
  /** The id of the version that was current at first: serial 7, with the pins of today and a reserve. */
  readonly base: string
  /** A policy of these pins for the partner. */
  text(serial: number | undefined, pins: readonly string[]): string
  /** The candidate that leads to the next key, serial 8. */
  readonly candidate: string
  /** Everything in the secret as it was at first; returns the new base. */
  reset(): string
  /** Puts a candidate there, made for a base; returns its version. */
  propose(text: string, base?: string): string
  approve(version: string): Promise<void>
  /** RotateSecret, to its end. */
  rotate(): Promise<RotationRun>
  /** One step, as whoever may invoke the function could ask for it. */
  step(Step: RotationEvent['Step'], token: string): Promise<Outcome>
  /** The same in a second environment of the function, which starts when it is asked first. */
  stepBeside(Step: RotationEvent['Step'], token: string): Promise<Outcome>
  /** Each label, with the serial of what it is on. */
  stages(): Promise<Record<string, number | string>>
  /** A new guard and its first call; fails when the call does. */
  call(): Promise<void>
  /** A guard that has made its first call. */
  guard(): Promise<RunningGuard>
  /** What was told of ended rotations: `promoted`, or `refused` and why. Waits for the first. */
  ended(): Promise<readonly string[]>
}

export interface RunningGuard {
  /** Reads the secret anew, and calls on a new connection. */
  callAnew(): Promise<void>
  close(): Promise<void>
}

export interface SceneOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly server?: TlsServer
  /** What the texts of the secret are put into: an envelope. */
  readonly wrap?: (document: object) => Promise<string>
}

let bundle: string | undefined

/** Once for all tests of a process. */
function bundled(): string {
  if (bundle !== undefined) return bundle
  const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-rotation-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
  const options = ['--bundle', 'functions/rotation.ts', `--outfile=${folder}/rotation.mjs`, '--platform=node']
  const form = ['--format=esm', '--target=node22', '--main-fields=module,main', `--banner:js=${banner}`]
  execFileSync(join(ROOT, 'node_modules/.bin/esbuild'), [...options, ...form, '--log-level=warning'], { cwd: ROOT })
  bundle = folder
  return folder
}

export async function rotationScene(t: TestContext, options: SceneOptions = {}): Promise<Scene> {
  const server =
    options.server ??
    (await startTlsServer(presented(today), { respond: () => ({ headers: { connection: 'close' }, body: 'ok' }) }))
  const endpoint = await startSecretsEndpoint()
  const client = new SecretsManagerClient(awsClientOptions(endpoint))
  const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-rotation-'))
  writeFileSync(join(folder, 'root.pem'), root.certificate)
  const environment = {
    ...awsEnvironment(endpoint),
    AWS_MAX_ATTEMPTS: '1',
    NODE_EXTRA_CA_CERTS: join(folder, 'root.pem'),
    PINNED_FETCH_SECRET_ID: SECRET,
    POWERTOOLS_SERVICE_NAME: 'rotation-test',
    ...options.environment,
  }
  const start = () => startFunction({ taskRoot: bundled(), handler: 'rotation.handler', environment })
  const running = await start()
  let beside: RunningFunction | undefined
  t.after(async () => {
    await Promise.all([running.stop(), beside?.stop()])
    client.destroy()
    await Promise.all([endpoint.close(), server.close()])
    rmSync(folder, { recursive: true })
  })
  const text = (serial: number | undefined, pins: readonly string[]) =>
    JSON.stringify({
      version: 1,
      ...(serial === undefined ? {} : { serial }),
      hosts: { [`localhost:${server.port}`]: { pins } },
    })
  const stepOf = async (environment: RunningFunction, Step: RotationEvent['Step'], token: string) => {
    const { ARN } = await client.send(new DescribeSecretCommand({ SecretId: SECRET }))
    return await environment.invoke({ Step, SecretId: ARN, ClientRequestToken: token })
  }
  endpoint.rotateWith((event) => running.invoke(event))
  const reset = () => {
    base = endpoint.put(SECRET, text(7, [today.pin, reserve.pin]))
    return base
  }
  let base = ''
  reset()
  const { propose, approve } = proposals(endpoint, client, () => base)
  return {
    endpoint,
    server,
    client,
    running,
    get base() {
      return base
    },
    text,
    candidate: text(8, [next.pin, today.pin, reserve.pin]),
    reset() {
      endpoint.remove(SECRET)
      return reset()
    },
    propose,
    approve,
    async rotate() {
      const ended = endpoint.whenRotated()
      const command = new RotateSecretCommand({ SecretId: SECRET, RotationLambdaARN: FUNCTION })
      // Refused while an earlier one has not ended, which is attempted again then.
      await client.send(command).catch((error: Error) => assert.equal(error.name, 'InvalidRequestException'))
      return await ended
    },
    step: (Step, token) => stepOf(running, Step, token),
    async stepBeside(Step, token) {
      beside ??= await start()
      return await stepOf(beside, Step, token)
    },
    stages: () => stagesOf(client),
    async call() {
      await (await startGuard(endpoint, server)).close()
    },
    guard: () => startGuard(endpoint, server),
    async ended() {
      await running.whenPrinted(isEnding)
      return running.stdout.filter(isEnding).map((line) => {
        const { RotationPromoted, code } = JSON.parse(line)
        return RotationPromoted === 1 ? 'promoted' : `refused ${code}`
      })
    },
  }
}

function proposals(endpoint: SecretsEndpoint, client: SecretsManagerClient, base: () => string) {
  return {
    propose(text: string, from = base()): string {
      return endpoint.put(SECRET, text, { stage: CANDIDATE, versionId: versionIdFor('propose', from, text) })
    },
    async approve(version: string): Promise<void> {
      const input = { SecretId: SECRET, VersionStage: APPROVED, MoveToVersionId: version }
      await client.send(new UpdateSecretVersionStageCommand(input))
    },
  }
}

async function stagesOf(client: SecretsManagerClient): Promise<Record<string, number | string>> {
  const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId: SECRET }))
  const stages: [string, number | string][] = []
  for (const [VersionId, labels] of Object.entries(VersionIdsToStages)) {
    const { SecretString = '{}' } = await client
      .send(new GetSecretValueCommand({ SecretId: SECRET, VersionId }))
      .catch(() => ({ SecretString: '{"serial":"empty"}' }))
    stages.push(...labels.map((label): [string, number | string] => [label, serialOf(SecretString)]))
  }
  return Object.fromEntries(stages.toSorted())
}

function serialOf(text: string): number | string {
  try {
    const { serial = 'none', payload } = JSON.parse(text)
    return payload === undefined ? serial : JSON.parse(Buffer.from(payload, 'base64url').toString()).serial
  } catch {
    return 'broken'
  }
}

async function startGuard(endpoint: SecretsEndpoint, server: TlsServer): Promise<RunningGuard> {
  const guard = createGuard({
    secretId: SECRET,
    awsClientOptions: awsClientOptions(endpoint),
    ca: root.certificate,
    metrics: false,
  })
  const call = async () => {
    const response = await guard.fetch(`https://localhost:${server.port}/`)
    assert.equal(await response.text(), 'ok')
  }
  await call()
  return {
    async callAnew() {
      await guard.refresh()
      await call()
    },
    close: () => guard.close(),
  }
}

/** Not the lines in which the runtime tells of an error. */
function isEnding(line: string): boolean {
  return line.startsWith('{') && /"Rotation(Promoted|Refused)":/.test(line)
}
