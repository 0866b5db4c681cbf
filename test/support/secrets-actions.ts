/**
 * The Secrets Manager actions the kit speaks: parsed JSON in, JSON out, faults thrown.
 */

import { type Secret, SecretsFault, type SecretsStore, type SecretValue, type SecretVersion } from './secrets-store.ts'

/** What the service allows for a value, in bytes. The kit's own `put` does not: oversized secrets are test material. */
const MAX_VALUE_BYTES = 65_536

export type Fields = Readonly<Record<string, unknown>>
type Action = (store: SecretsStore, input: Fields) => Fields

export const ACTIONS: Readonly<Record<string, Action>> = {
  GetSecretValue: (store, input) => getSecretValue(store, input),
  BatchGetSecretValue(store, input) {
    const ids = Array.isArray(input['SecretIdList']) ? input['SecretIdList'] : []
    return { SecretValues: ids.map((id) => getSecretValue(store, { SecretId: id })), Errors: [] }
  },
  DescribeSecret(store, input) {
    const secret = store.find(required(input, 'SecretId'))
    const stages = [...secret.versions.values()].map(({ id, stages }) => [id, [...stages]])
    return { ARN: secret.arn, Name: secret.name, VersionIdsToStages: Object.fromEntries(stages) }
  },
  CreateSecret(store, input) {
    const name = required(input, 'Name')
    if (store.has(name)) throw new SecretsFault('ResourceExistsException', `The secret ${name} already exists.`)
    const secret = store.create(name)
    const value = optionalValue(input)
    return written(
      secret,
      value === undefined ? undefined : store.add(secret, value, optional(input, 'ClientRequestToken')),
    )
  },
  PutSecretValue(store, input) {
    const secret = store.find(required(input, 'SecretId'))
    const value = optionalValue(input)
    if (value === undefined) {
      throw new SecretsFault('InvalidRequestException', 'You must provide either SecretString or SecretBinary.')
    }
    const version = store.add(secret, value, optional(input, 'ClientRequestToken'), stagesOf(input))
    return { ...written(secret, version), VersionStages: [...version.stages] }
  },
  UpdateSecret(store, input) {
    const secret = store.find(required(input, 'SecretId'))
    const value = optionalValue(input)
    return written(
      secret,
      value === undefined ? undefined : store.add(secret, value, optional(input, 'ClientRequestToken')),
    )
  },
  UpdateSecretVersionStage: updateSecretVersionStage,
}

function getSecretValue(store: SecretsStore, input: Fields): Fields {
  const secret = store.find(required(input, 'SecretId'))
  const sought = { id: optional(input, 'VersionId'), stage: optional(input, 'VersionStage') }
  const { id, value, created, stages } = store.versionOf(secret, sought)
  const content =
    typeof value === 'string' ? { SecretString: value } : { SecretBinary: Buffer.from(value).toString('base64') }
  const CreatedDate = created.getTime() / 1000
  return { ARN: secret.arn, Name: secret.name, VersionId: id, VersionStages: [...stages], CreatedDate, ...content }
}

function updateSecretVersionStage(store: SecretsStore, input: Fields): Fields {
  const secret = store.find(required(input, 'SecretId'))
  const stage = required(input, 'VersionStage')
  const holder = store.labelled(secret, stage)
  const from = optional(input, 'RemoveFromVersionId')
  const to = optional(input, 'MoveToVersionId')
  if (holder && holder.id !== to && holder.id !== from) {
    throw new SecretsFault(
      'InvalidParameterException',
      `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder.id}, so you must explicitly reference that version in RemoveFromVersionId.`,
    )
  }
  if (to === undefined) holder?.stages.delete(stage)
  else store.label(secret, stage, store.versionOf(secret, { id: to }))
  return written(secret, undefined)
}

function written(secret: Secret, version: SecretVersion | undefined): Fields {
  return { ARN: secret.arn, Name: secret.name, ...(version ? { VersionId: version.id } : {}) }
}

function required(input: Fields, name: string): string {
  const value = optional(input, name)
  if (value === undefined) throw new SecretsFault('ValidationException', `Member ${name} must not be null`)
  return value
}

function optional(input: Fields, name: string): string | undefined {
  const value = input[name]
  return typeof value === 'string' ? value : undefined
}

function optionalValue(input: Fields): SecretValue | undefined {
  const binary = optional(input, 'SecretBinary')
  const value = binary === undefined ? optional(input, 'SecretString') : Buffer.from(binary, 'base64')
  if (value !== undefined && Buffer.byteLength(value) > MAX_VALUE_BYTES) {
    throw new SecretsFault('ValidationException', `The value must have at most ${MAX_VALUE_BYTES} bytes`)
  }
  return value
}

function stagesOf(input: Fields): string[] | undefined {
  const stages = input['VersionStages']
  return Array.isArray(stages) ? stages.map(String) : undefined
}
