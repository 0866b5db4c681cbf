/**
 * Puts the first value into a secret, and never a second one.
 */

import {
  DescribeSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager'

/** `kept`: the secret has a current version, which is newer than the template. */
export type Outcome = 'written' | 'kept'

export interface FirstValue {
  readonly secretId: string
  readonly policy: string
  /** Becomes the version's id: the same request twice is one version. */
  readonly token: string
}

/** The version's own label. Without one, PutSecretValue would move AWSCURRENT to it. */
const INITIAL_STAGE = 'PinnedFetchInitial'

const CURRENT_STAGE = 'AWSCURRENT'

const client = new SecretsManagerClient({})

/** @throws {Error} of the SDK */
export async function putFirst({ secretId, policy, token }: FirstValue, signal: AbortSignal): Promise<Outcome> {
  const options = { abortSignal: signal }
  const current = async () => {
    const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId: secretId }), options)
    return Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes(CURRENT_STAGE))?.[0]
  }
  const found = await current()
  if (found !== undefined) return found === token ? 'written' : 'kept'
  const put = { SecretId: secretId, SecretString: policy, ClientRequestToken: token, VersionStages: [INITIAL_STAGE] }
  await client.send(new PutSecretValueCommand(put), options)
  // The first version of a secret becomes AWSCURRENT by itself. Somebody may have been faster: then theirs is.
  const first = await current()
  if (first !== undefined) return first === token ? 'written' : 'kept'
  const move = { SecretId: secretId, VersionStage: CURRENT_STAGE, MoveToVersionId: token }
  await client.send(new UpdateSecretVersionStageCommand(move), options)
  return 'written'
}
