/**
 * The AWS Parameters and Secrets Lambda Extension on loopback: its documented HTTP before the real SDK client, which asks
 * the secrets endpoint of the kit. It has a cache of its own, by a clock that the test moves, and switches for its bad days.
 *
 * From the documentation: path, query, header, port, TTL. From reports of its users: 400 with "not ready to serve traffic,
 * please wait" until INIT has ended, 400 under load, a reset connection at a cold start, and AWS's error name in the body
 * of a refusal. Whether it answers 400, 401 or 403 without a token is written nowhere; here it is 401.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { type SettableClock, settableClock } from './clock.ts'
import { Connections } from './connections.ts'
import { listen } from './listen.ts'
import { awsClientOptions, type SecretsEndpoint, startSecretsEndpoint } from './secrets-endpoint.ts'
import { Signal } from './signal.ts'

export const NOT_READY = 'not ready to serve traffic, please wait'

/** The documented default of SECRETS_MANAGER_TTL, ms. */
export const EXTENSION_TTL_MS = 300_000

export interface ExtensionRequest {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: IncomingMessage['headers']
  /** The first connection is 1. */
  readonly connection: number
}

/** What befalls a request: an answer of this kind, a reset, half an answer and a reset, no answer. */
export type ExtensionFault = { readonly status: number; readonly body: string } | 'reset' | 'cut' | 'hang'

export interface ExtensionEndpoint {
  readonly port: number
  readonly requests: readonly ExtensionRequest[]
  /** What the extension asks. */
  readonly secrets: SecretsEndpoint
  /** Of its cache. */
  readonly clock: SettableClock
  /** So many of the next requests meet this, after those that were announced before. */
  next(times: number, fault: ExtensionFault): void
  /** When so many requests have come in all. */
  whenAsked(count: number): Promise<void>
  close(): Promise<void>
}

export interface ExtensionEndpointOptions {
  readonly token: string
  /** ms; default: {@link EXTENSION_TTL_MS}. */
  readonly ttl?: number
}

export async function startExtensionEndpoint({
  token,
  ttl = EXTENSION_TTL_MS,
}: ExtensionEndpointOptions): Promise<ExtensionEndpoint> {
  const secrets = await startSecretsEndpoint()
  const client = new SecretsManagerClient(awsClientOptions(secrets))
  const clock = settableClock()
  const connections = new Connections()
  const requests: ExtensionRequest[] = []
  const asked = new Signal<void>()
  const faults: ExtensionFault[] = []
  const cache = new Map<string, { readonly body: string; readonly until: number }>()
  let connected = 0
  const numbers = new WeakMap<object, number>()

  async function attend(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '', 'http://localhost')
    const query = Object.fromEntries(url.searchParams)
    const connection = numbers.get(incoming.socket) ?? 0
    requests.push({ method: incoming.method ?? '', path: url.pathname, query, headers: incoming.headers, connection })
    asked.emit()
    const fault = faults.shift()
    if (fault === 'hang') return
    if (fault === 'reset') return void incoming.socket.resetAndDestroy()
    if (typeof fault === 'object') return send(outgoing, fault.status, fault.body)
    if (incoming.headers['x-aws-parameters-secrets-token'] !== token) return send(outgoing, 401, 'unauthorized')
    if (url.pathname !== '/secretsmanager/get') return send(outgoing, 404, 'not found')
    const { status, body } = await answerTo(query)
    if (fault !== 'cut') return send(outgoing, status, body)
    outgoing.writeHead(status, { 'content-length': Buffer.byteLength(body) })
    outgoing.write(body.slice(0, body.length / 2), () => incoming.socket.resetAndDestroy())
  }

  async function answerTo(query: Readonly<Record<string, string>>): Promise<{ status: number; body: string }> {
    const key = JSON.stringify([query['secretId'], query['versionStage'], query['versionId']])
    const cached = cache.get(key)
    if (cached !== undefined && clock.now() < cached.until) return { status: 200, body: cached.body }
    try {
      const body = await secretValue(client, query)
      if (ttl > 0) cache.set(key, { body, until: clock.now() + ttl })
      return { status: 200, body }
    } catch (error) {
      const { name, message } = error as Error
      return { status: 400, body: JSON.stringify({ __type: name, message }) }
    }
  }

  const server = createServer((incoming, outgoing) => {
    attend(incoming, outgoing).catch((error) => outgoing.destroy(error))
  })
  server.on('connection', (socket) => {
    connected += 1
    numbers.set(socket, connected)
    connections.add(socket)
  })
  const port = await listen(server)
  return {
    port,
    requests,
    secrets,
    clock,
    next: (times, fault) => void faults.push(...Array<ExtensionFault>(times).fill(fault)),
    async whenAsked(count) {
      while (requests.length < count) await asked.next()
    },
    async close() {
      connections.destroy()
      client.destroy()
      await secrets.close()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** As Go writes it: absent values are null, bytes are base64. */
async function secretValue(client: SecretsManagerClient, query: Readonly<Record<string, string>>): Promise<string> {
  const { secretId: SecretId, versionStage: VersionStage, versionId: VersionId } = query
  const value = await client.send(new GetSecretValueCommand({ SecretId, VersionStage, VersionId }))
  return JSON.stringify({
    ARN: value.ARN,
    CreatedDate: value.CreatedDate,
    Name: value.Name,
    SecretBinary: value.SecretBinary === undefined ? null : Buffer.from(value.SecretBinary).toString('base64'),
    SecretString: value.SecretString ?? null,
    VersionId: value.VersionId,
    VersionStages: value.VersionStages,
    ResultMetadata: {},
  })
}

function send(outgoing: ServerResponse, status: number, body: string): void {
  outgoing.writeHead(status, { 'content-type': status === 200 ? 'application/json' : 'text/plain' })
  outgoing.end(body)
}

/** The environment of a function with the extension, until the test ends. `undefined` takes a variable away. */
export function extensionEnvironment(t: TestContext, variables: Readonly<Record<string, string | undefined>>): void {
  const before = { ...process.env }
  const assign = (values: Readonly<Record<string, string | undefined>>) => {
    for (const name of Object.keys(variables)) {
      const value = values[name]
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
  assign(variables)
  t.after(() => assign(before))
}
