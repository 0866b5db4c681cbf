/**
 * The secret with the pins, written through the real AWS SDK: into an endpoint embedded here, or into the one that
 * `AWS_ENDPOINT_URL` names (moto_server, LocalStack), where it is deleted again at the end.
 */

import { randomUUID } from 'node:crypto'
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { startSecretsEndpoint } from '../secrets-endpoint.ts'

export interface PinSecret {
  readonly arn: string
  /** For people: which service holds it. */
  readonly service: string
  /** What a process needs to read it with a client of its own making. */
  readonly environment: Readonly<Record<string, string>>
  /** Writes a new current version, and tells its version id. */
  put(text: string): Promise<string>
  close(): Promise<void>
}

/** As the SDK reads them, the more specific one first. */
const ENDPOINT_VARIABLES = ['AWS_ENDPOINT_URL_SECRETS_MANAGER', 'AWS_ENDPOINT_URL']

/** Local endpoints take any; they are used where the environment has none. */
const ANY_CREDENTIALS = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'not-a-secret' }

/** No patience for an endpoint that is not there. */
const MAX_ATTEMPTS = 2

/** @throws {Error} that names the endpoint, when the secret can't be created in it */
export async function openSecret(text: string): Promise<PinSecret> {
  const variable = ENDPOINT_VARIABLES.find((name) => process.env[name])
  const embedded = variable === undefined ? await startSecretsEndpoint() : undefined
  const url = embedded?.url ?? process.env[variable ?? ''] ?? ''
  const service = embedded ? `a Secrets Manager endpoint embedded at ${url}` : `${url} (${variable})`
  const environment = environmentFor(url)
  const client = clientFor(url, environment, service)
  const close = async () => {
    client.destroy()
    await embedded?.close()
  }
  try {
    const Name = `pinned-fetch-demo/partner-pins-${randomUUID().slice(0, 8)}`
    const { ARN = Name } = await client.send(new CreateSecretCommand({ Name, SecretString: text }))
    return {
      arn: ARN,
      service,
      environment,
      async put(next) {
        const reply = await client.send(new PutSecretValueCommand({ SecretId: ARN, SecretString: next }))
        return reply.VersionId ?? 'unknown'
      },
      async close() {
        const forget = new DeleteSecretCommand({ SecretId: ARN, ForceDeleteWithoutRecovery: true })
        if (!embedded) await client.send(forget).catch((error) => warnOfLeftover(ARN, error))
        await close()
      },
    }
  } catch (error) {
    await close()
    throw unreachable(service, error)
  }
}

function environmentFor(url: string): Record<string, string> {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_DEFAULT_REGION } = process.env
  const own = AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY ? { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } : undefined
  return {
    AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
    AWS_REGION: AWS_REGION || AWS_DEFAULT_REGION || 'us-east-1',
    ...(own ?? ANY_CREDENTIALS),
    ...(own && AWS_SESSION_TOKEN ? { AWS_SESSION_TOKEN } : {}),
  }
}

function clientFor(url: string, environment: Record<string, string>, service: string): SecretsManagerClient {
  if (!URL.canParse(url)) throw new Error(`Cannot use ${service}: it is not a URL`)
  const sessionToken = environment['AWS_SESSION_TOKEN']
  return new SecretsManagerClient({
    endpoint: url,
    region: environment['AWS_REGION'] ?? '',
    maxAttempts: MAX_ATTEMPTS,
    credentials: {
      accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
      ...(sessionToken ? { sessionToken } : {}),
    },
  })
}

function unreachable(service: string, error: unknown): Error {
  const reason = error instanceof Error ? error.message || ('code' in error ? String(error.code) : error.name) : error
  return new Error(`Cannot put the pins into ${service}: ${reason}`, { cause: error })
}

function warnOfLeftover(arn: string, error: unknown): void {
  process.stderr.write(`demo: could not delete the secret ${arn} again: ${error}\n`)
}
