/**
 * One request to the secrets endpoint, read from AWS JSON 1.1.
 */

import type { IncomingMessage } from 'node:http'
import type { Fields } from './secrets-actions.ts'

export interface SecretsRequest {
  /** "GetSecretValue" */
  readonly action: string
  readonly secretId: string | undefined
  readonly versionStage: string | undefined
  readonly versionId: string | undefined
  readonly input: Fields
}

export async function readSecretsRequest(incoming: IncomingMessage): Promise<SecretsRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const input: Fields = JSON.parse(Buffer.concat(chunks).toString() || '{}')
  const text = (name: string) => (typeof input[name] === 'string' ? input[name] : undefined)
  return {
    action: String(incoming.headers['x-amz-target']).replace('secretsmanager.', ''),
    secretId: text('SecretId') ?? text('Name'),
    versionStage: text('VersionStage'),
    versionId: text('VersionId'),
    input,
  }
}
