/**
 * The Secrets Manager client of every verb: one place that decides region, credentials and endpoint.
 *
 * The process itself is left to the SDK, with all that it knows (profiles, SSO, roles, endpoints). A world with an
 * environment of its own gets what stands in that environment, and nothing of the process's.
 */

import type { SecretsManagerClient, SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager'
import type { World } from '../world.ts'

export type Sdk = typeof import('@aws-sdk/client-secrets-manager')

/** How long one attempt may take, ms: to connect, and to answer. Somebody waits at a keyboard. */
const CONNECT_LIMIT_MS = 5_000
const ANSWER_LIMIT_MS = 15_000

/** Region, credentials and endpoint, for whoever makes a client of his own. */
export function clientOptionsOf({ env }: World): SecretsManagerClientConfig {
  const patience = {
    requestHandler: {
      connectionTimeout: CONNECT_LIMIT_MS,
      requestTimeout: ANSWER_LIMIT_MS,
      throwOnRequestTimeout: true,
    },
  }
  if (env === process.env) return patience
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION']
  const endpoint = env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] ?? env['AWS_ENDPOINT_URL']
  const attempts = Number(env['AWS_MAX_ATTEMPTS'])
  return {
    ...patience,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(attempts > 0 ? { maxAttempts: attempts } : {}),
    credentials: credentialsOf(env),
  }
}

/** The SDK is loaded by the first verb that wants it. */
export async function openClient(world: World): Promise<{ readonly sdk: Sdk; readonly client: SecretsManagerClient }> {
  const sdk = await import('@aws-sdk/client-secrets-manager')
  return { sdk, client: new sdk.SecretsManagerClient(clientOptionsOf(world)) }
}

type Credentials = NonNullable<SecretsManagerClientConfig['credentials']>

function credentialsOf(env: World['env']): Credentials {
  return async () => {
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      // Named as the SDK names it, so that the hint is the same.
      throw Object.assign(new Error('there are no credentials in the environment'), {
        name: 'CredentialsProviderError',
      })
    }
    const sessionToken = env['AWS_SESSION_TOKEN']
    return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
  }
}
