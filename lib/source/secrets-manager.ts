/**
 * The policy from AWS Secrets Manager. The SDK, and what asks it (secret.ts), are loaded by the first load of a policy, never
 * by importing this file.
 */

import type { SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager'
import { PinnedFetchError } from '../errors.ts'
import type { Secret } from './secret.ts'
import type { PolicySource } from './source.ts'

export interface SecretsManagerOptions {
  /** For the client; region and credentials of the environment by default. */
  readonly clientOptions?: SecretsManagerClientConfig | undefined
}

/** @param secretId name or ARN of the secret */
export function secretsManagerSource(secretId: string, { clientOptions }: SecretsManagerOptions = {}): PolicySource {
  const name = `secret "${secretId}"`
  let secret: Secret | undefined
  return {
    name,
    async load(signal) {
      const [sdk, { Secret }] = await Promise.all([loadSdk(name), import('./secret.ts')])
      secret ??= new Secret(sdk, { name, id: secretId, clientOptions })
      return await secret.load(signal)
    },
  }
}

async function loadSdk(source: string): Promise<typeof import('@aws-sdk/client-secrets-manager')> {
  try {
    return await import('@aws-sdk/client-secrets-manager')
  } catch (error) {
    if ((error as { code?: unknown } | undefined)?.code !== 'ERR_MODULE_NOT_FOUND') throw error
    const repair = 'npm install @aws-sdk/client-secrets-manager'
    throw new PinnedFetchError('ERR_POLICY_UNAVAILABLE', { source, problem: 'the AWS SDK is not installed', repair })
  }
}
