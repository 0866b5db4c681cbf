/**
 * One secret of AWS Secrets Manager, asked for by the AWS SDK, which is an argument: who loads it, and when, is said in
 * secrets-manager.ts.
 *
 * Always asks for the stage `AWSCURRENT` by name. Each failure says which secret, what is wrong and what to do; the
 * content of a secret never appears.
 *
 * Not here: caching, retries beyond the SDK's own, deadlines (store.ts).
 */

import type { SecretsManagerClient, SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager'
import { PinnedFetchError } from '../errors.ts'
import { decodeDocument } from './decode.ts'
import type { LoadedDocument } from './source.ts'

/** The only stage that is ever enforced. */
const CURRENT_STAGE = 'AWSCURRENT'

/** Attempts per load: the SDK's default of 3 outlasts the store's deadline when the service is slow. */
const MAX_ATTEMPTS = 2

export type Sdk = typeof import('@aws-sdk/client-secrets-manager')

/** A client, and how many loads use it at this moment. */
interface SharedClient {
  readonly client: SecretsManagerClient
  loads: number
}

export interface SecretOptions {
  /** What the secret is called in messages. */
  readonly name: string
  /** Its name or ARN. */
  readonly id: string
  readonly clientOptions: SecretsManagerClientConfig | undefined
}

export class Secret {
  readonly #sdk: Sdk
  readonly #name: string
  readonly #id: string
  readonly #clientOptions: SecretsManagerClientConfig | undefined
  #shared: SharedClient | undefined

  constructor(sdk: Sdk, { name, id, clientOptions }: SecretOptions) {
    this.#sdk = sdk
    this.#name = name
    this.#id = id
    this.#clientOptions = clientOptions
  }

  async load(signal: AbortSignal | undefined): Promise<LoadedDocument> {
    const { GetSecretValueCommand, SecretsManagerClient } = this.#sdk
    let used: SharedClient | undefined
    try {
      this.#shared ??= {
        client: new SecretsManagerClient({ maxAttempts: MAX_ATTEMPTS, ...this.#clientOptions }),
        loads: 0,
      }
      used = this.#shared
      used.loads += 1
      const command = new GetSecretValueCommand({ SecretId: this.#id, VersionStage: CURRENT_STAGE })
      const reply = await used.client.send(command, signal === undefined ? {} : { abortSignal: signal })
      const document = decodeDocument(reply.SecretString ?? reply.SecretBinary ?? '', this.#name)
      return {
        document,
        stage: CURRENT_STAGE,
        ...(reply.VersionId === undefined ? {} : { version: reply.VersionId }),
      }
    } catch (error) {
      if (error instanceof PinnedFetchError) throw error
      // A client that has no region or credentials yet looks for them anew in the next load.
      if (this.#shared === used) this.#shared = undefined
      throw unavailable(this.#name, error)
    } finally {
      // Its connections go when no load uses it any more: a load that was given up may fail late.
      if (used !== undefined && --used.loads === 0 && used !== this.#shared) used.client.destroy()
    }
  }
}

/** What to do about each failure that an owner can mend, by the name of the SDK's error. */
const REPAIRS: { readonly [name: string]: string } = {
  ResourceNotFoundException:
    'create the secret, or correct "secretId" and the region; a secret without an AWSCURRENT version counts as missing',
  AccessDeniedException: "grant the function's role secretsmanager:GetSecretValue on this secret",
  DecryptionFailure: "grant the function's role kms:Decrypt on the key of this secret",
  InvalidRequestException: 'check that the secret is not scheduled for deletion',
  InvalidParameterException: 'check the spelling of "secretId": a secret name or an ARN',
  ValidationException: 'check the spelling of "secretId": a secret name or an ARN',
  UnrecognizedClientException: 'check the credentials of the environment',
  InvalidSignatureException: 'check the credentials and the clock of the environment',
  ExpiredTokenException: 'renew the credentials of the environment',
  CredentialsProviderError:
    'give the process AWS credentials: the role of the function, or the usual environment variables',
  ThrottlingException: 'nothing, if it passes; otherwise raise "cacheExpiry" so that fewer environments ask',
  InternalServiceError: 'nothing, if it passes; see the AWS Health Dashboard',
  AbortError:
    'check that the function reaches Secrets Manager: in a VPC it needs a NAT gateway or an interface endpoint',
  TimeoutError:
    'check that the function reaches Secrets Manager: in a VPC it needs a NAT gateway or an interface endpoint',
}

function unavailable(source: string, error: unknown): PinnedFetchError {
  const name = error instanceof Error ? error.name : 'unknown error'
  const code = (error as { code?: unknown } | undefined)?.code
  const problem = typeof code === 'string' ? `${name} (${code})` : name
  const message = error instanceof Error && error.message !== '' ? `: ${firstLine(error.message)}` : ''
  const repair =
    REPAIRS[name] ?? 'check that the function reaches Secrets Manager, and the region and credentials that it uses'
  return new PinnedFetchError(
    'ERR_POLICY_UNAVAILABLE',
    { source, problem: `${problem}${message}`, repair },
    { cause: error },
  )
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]?.slice(0, 300) ?? ''
}
