/**
 * What Secrets Manager refuses, in words, with what to do about it. The content of a secret never appears.
 */

import { findPinnedFetchError } from '../../errors.ts'
import { CommandError } from '../failure.ts'

/** What to do, by the name of the SDK's error. `action` is the API's, as IAM names it. */
const HINTS: { readonly [name: string]: (action: string) => string } = {
  ResourceNotFoundException: () => 'look at the name and at the region; push --create makes a secret that is not there',
  AccessDeniedException: (action) => `grant yourself secretsmanager:${action} on this secret`,
  AccessDenied: (action) => `grant yourself secretsmanager:${action} on this secret`,
  DecryptionFailure: () => 'grant yourself kms:Decrypt on the key of this secret',
  EncryptionFailure: () => 'grant yourself kms:GenerateDataKey on the key of this secret',
  InvalidRequestException: () => 'the secret may be scheduled for deletion',
  LimitExceededException: () => 'the secret has as many versions as it may have: wait a day, and write less often',
  ResourceExistsException: () => 'look at what is there: pinned-fetch history',
  UnrecognizedClientException: () => 'look at the credentials of the environment',
  InvalidSignatureException: () => 'look at the credentials, and at the clock of this machine',
  ExpiredTokenException: () => 'sign in again: the credentials have expired',
  CredentialsProviderError: () => 'sign in, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE',
  ThrottlingException: () => 'wait a little, and run it again',
  InternalServiceError: () => 'wait a little, and run it again; see the AWS Health Dashboard',
}

const CONNECTION_HINT =
  'look at the network, the region, and AWS_ENDPOINT_URL; what was done before stays, and the same command goes on from there'

/** @param action the API's, such as `PutSecretValue` */
export function secretFailure(secretId: string, action: string, error: unknown): Error {
  if (error instanceof CommandError) return error
  const ours = findPinnedFetchError(error)
  if (ours !== undefined) return ours
  const { name = 'Error', message = '', code } = (error ?? {}) as { name?: string; message?: string; code?: unknown }
  if (code === 'ERR_MODULE_NOT_FOUND') {
    return new CommandError('the AWS SDK is not installed', 'npm install @aws-sdk/client-secrets-manager')
  }
  if (/^Region is missing/.test(message)) {
    return new CommandError('there is no region', 'set AWS_REGION, or give the ARN in a profile with a region')
  }
  const what = typeof code === 'string' ? `${name} (${code})` : name
  const words = message.split('\n', 1)[0]?.slice(0, 300) ?? ''
  const hint = HINTS[name]?.(action) ?? CONNECTION_HINT
  return new CommandError(`secret "${secretId}": ${action}: ${what}${words === '' ? '' : `: ${words}`}`, hint, {
    cause: error,
  })
}
