/**
 * Secrets Manager on loopback: the AWS JSON 1.1 protocol over HTTP, for the real `SecretsManagerClient`, and switches
 * for the service's bad days. Signatures are not checked.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager'
import { Connections } from './connections.ts'
import { listen } from './listen.ts'
import { ACTIONS, type Fields } from './secrets-actions.ts'
import { type Cut, type HeldReply, type SecretsFailure, SecretsFaults, type StandingFault } from './secrets-faults.ts'
import { readSecretsRequest, type SecretsRequest } from './secrets-request.ts'
import { type InvokeRotation, type RotationRun, SecretsRotations } from './secrets-rotations.ts'
import { SecretsFault, SecretsStore, type SecretValue } from './secrets-store.ts'
import { Signal } from './signal.ts'

export type { HeldReply, SecretsFailure } from './secrets-faults.ts'
export type { SecretsRequest } from './secrets-request.ts'
export type { RotationEvent, RotationRun } from './secrets-rotations.ts'

export interface SecretsEndpoint {
  readonly url: string
  readonly requests: readonly SecretsRequest[]
  /** Writes a new version, whatever the faults say, and tells its version id. Unset stage: AWSCURRENT. */
  put(id: string, value: SecretValue, options?: { stage?: string; versionId?: string; created?: Date }): string
  remove(id: string): void
  /** What RotateSecret calls, as Secrets Manager calls a function. `cleans`: its backend takes AWSPENDING away in the end. */
  rotateWith(invoke: InvokeRotation, options?: { cleans?: boolean }): void
  /** The end of the next rotation: RotateSecret itself answers when it begins. */
  whenRotated(): Promise<RotationRun>
  /** Every request fails so, until `recover()`. */
  fail(failure: SecretsFailure): void
  /** No request is answered, also not after `recover()`, which is for later ones. */
  hang(): void
  /** Connections are reset as soon as they ask. */
  disconnect(): void
  /** Every reply waits for this promise. */
  delay(until: Promise<unknown>): void
  /** The next request's reply waits for `release()`; the replies after it go out at once. */
  hold(): HeldReply
  /** The connection of one request is reset, the next one being 1: before it is done, or with its reply on the way. */
  cut(number: number, when: Cut): void
  recover(): void
  whenRequested(): Promise<SecretsRequest>
  close(): Promise<void>
}

interface Reply {
  readonly status: number
  readonly body: Fields
}

/** @param answersAfter ms from the end of each request to its reply, for benchmarks; default 0 */
export async function startSecretsEndpoint({ answersAfter = 0 } = {}): Promise<SecretsEndpoint> {
  const store = new SecretsStore()
  const faults = new SecretsFaults()
  const connections = new Connections()
  const requested = new Signal<SecretsRequest>()
  const requests: SecretsRequest[] = []
  const rotations = new SecretsRotations(store)

  async function attend(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = await readSecretsRequest(incoming)
    const { fault, cut, released } = faults.meet(request)
    requests.push(request)
    requested.emit(request)
    if (fault.kind === 'hang') return
    if (fault.kind === 'disconnect' || cut === 'before') return void incoming.socket.resetAndDestroy()
    const reply = fault.kind === 'fail' ? failed(fault.failure) : perform(store, rotations, request)
    if (cut === 'after') return void incoming.socket.resetAndDestroy()
    await released
    if (answersAfter > 0) await new Promise((resolve) => setTimeout(resolve, answersAfter))
    send(outgoing, reply)
  }
  const server = createServer((incoming, outgoing) => {
    attend(incoming, outgoing).catch((error) => outgoing.destroy(error))
  })
  server.on('connection', (socket: Socket) => connections.add(socket))
  const port = await listen(server)

  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    put(id, value, { stage = 'AWSCURRENT', versionId, created } = {}) {
      const secret = store.has(id) ? store.find(id) : store.create(id)
      return store.add(secret, value, versionId, [stage], created).id
    },
    remove: (id) => store.remove(id),
    rotateWith: (invoke, options) => rotations.rotateWith(invoke, options),
    whenRotated: () => rotations.whenEnded(),
    ...switchesOf(faults),
    whenRequested: () => requested.next(),
    close: async () => {
      connections.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function switchesOf(faults: SecretsFaults) {
  const stand = (fault: StandingFault) => {
    faults.standing = fault
  }
  return {
    fail: (failure: SecretsFailure) => stand({ kind: 'fail', failure }),
    hang: () => stand({ kind: 'hang' }),
    disconnect: () => stand({ kind: 'disconnect' }),
    delay: (until: Promise<unknown>) => stand({ kind: 'delay', until }),
    recover: () => stand({ kind: 'none' }),
    hold: () => faults.hold(),
    cut: (number: number, when: Cut) => faults.cut(number, when),
  }
}

/** One attempt per call: the SDK sleeps between attempts. Override `maxAttempts` where retries are the subject. */
export function awsClientOptions({ url }: Pick<SecretsEndpoint, 'url'>): SecretsManagerClientConfig {
  return {
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'not-a-secret' },
    maxAttempts: 1,
  }
}

/** The same for a process that builds its own client, such as a deployed function. */
export function awsEnvironment({ url }: Pick<SecretsEndpoint, 'url'>): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'not-a-secret',
  }
}

function perform(store: SecretsStore, rotations: SecretsRotations, { action, input }: SecretsRequest): Reply {
  const act = action === 'RotateSecret' ? () => rotations.begin(input) : ACTIONS[action]
  if (!act) return failed({ code: 'UnknownOperationException', message: `The kit does not speak ${action}` })
  try {
    return { status: 200, body: act(store, input) }
  } catch (error) {
    if (!(error instanceof SecretsFault)) throw error
    return failed(error)
  }
}

function failed({ code, message, status }: SecretsFailure): Reply {
  const usual = code === 'InternalServiceError' ? 500 : 400
  return { status: status ?? usual, body: { __type: code, message: message ?? code } }
}

function send(outgoing: ServerResponse, { status, body }: Reply): void {
  outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': 'kit' })
  outgoing.end(JSON.stringify(body))
}
