/**
 * The Secrets Manager actions the kit speaks: parsed JSON in, JSON out, faults thrown.
 */

import { type Secret, SecretsFault, type SecretsStore, type SecretValue, type SecretVersion } from './secrets-store.ts'

/** What the service allows for a value, in bytes. The kit's own `put` does not: oversized secrets are test material. */
const MAX_VALUE_BYTES = 65_536

/** Of one page of versions, where the request does not say. */
const PAGE = 100

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
    const staged = [...secret.versions.values()].filter(isStaged).map(({ id, stages }) => [id, [...stages]])
    const { arn, name, versions, created } = secret
    const VersionIdsToStages = Object.fromEntries(staged)
    const dates = { CreatedDate: seconds(created), LastChangedDate: seconds(secret.changed) }
    const { rotatedBy } = secret
    const rotation = rotatedBy === undefined ? {} : { RotationEnabled: true, RotationLambdaARN: rotatedBy }
    return { ARN: arn, Name: name, ...dates, ...rotation, ...(versions.size === 0 ? {} : { VersionIdsToStages }) }
  },
  ListSecretVersionIds(store, input) {
    const secret = store.find(required(input, 'SecretId'))
    const all = [...secret.versions.values()].filter((one) => input['IncludeDeprecated'] === true || isStaged(one))
    const from = Number(optional(input, 'NextToken') ?? 0)
    const next = from + (typeof input['MaxResults'] === 'number' ? input['MaxResults'] : PAGE)
    const Versions = all.slice(from, next).map(({ id, stages, created }) => ({
      VersionId: id,
      CreatedDate: seconds(created),
      // The service leaves out what has no value.
      ...(stages.size === 0 ? {} : { VersionStages: [...stages] }),
    }))
    return { ARN: secret.arn, Name: secret.name, Versions, ...(next < all.length ? { NextToken: String(next) } : {}) }
  },
  CreateSecret(store, input) {
    const name = required(input, 'Name')
    if (store.has(name)) throw new SecretsFault('ResourceExistsException', `The secret ${name} already exists.`)
    const value = optionalValue(input)
    const token = tokenOf(input)
    const secret = store.create(name)
    return written(secret, value === undefined ? undefined : store.add(secret, value, token))
  },
  PutSecretValue(store, input) {
    const secret = store.find(required(input, 'SecretId'))
    const value = optionalValue(input)
    if (value === undefined) {
      throw new SecretsFault('InvalidRequestException', 'You must provide either SecretString or SecretBinary.')
    }
    const version = store.add(secret, value, tokenOf(input), stagesOf(input, secret))
    return { ...written(secret, version), VersionStages: [...version.stages] }
  },
  UpdateSecret(store, input) {
    const secret = store.find(required(input, 'SecretId'))
    const value = optionalValue(input)
    return written(secret, value === undefined ? undefined : store.add(secret, value, tokenOf(input)))
  },
  UpdateSecretVersionStage: updateSecretVersionStage,
}

function getSecretValue(store: SecretsStore, input: Fields): Fields {
  const secret = store.find(required(input, 'SecretId'))
  const sought = { id: optional(input, 'VersionId'), stage: optional(input, 'VersionStage') }
  const { id, value, created, stages } = store.versionOf(secret, sought)
  const content =
    typeof value === 'string' ? { SecretString: value } : { SecretBinary: Buffer.from(value ?? []).toString('base64') }
  const CreatedDate = seconds(created)
  return { ARN: secret.arn, Name: secret.name, VersionId: id, VersionStages: [...stages], CreatedDate, ...content }
}

/**
 * "If the label is attached and you either do not specify [RemoveFromVersionId], or the version ID does not match, then
 * the operation fails." (API reference.) So it is a compare-and-swap.
 */
function updateSecretVersionStage(store: SecretsStore, input: Fields): Fields {
  const secret = store.find(required(input, 'SecretId'))
  const stage = required(input, 'VersionStage')
  const from = optional(input, 'RemoveFromVersionId')
  const to = optional(input, 'MoveToVersionId')
  const holder = store.labelled(secret, stage)
  const target = to === undefined ? undefined : existing(secret, to)
  if (from !== undefined) existing(secret, from)
  refuseMove(stage, { holder: holder?.id, from, to })
  if (target === undefined) store.unlabel(secret, stage)
  else store.label(secret, stage, target)
  return written(secret, undefined)
}

interface Move {
  readonly holder: string | undefined
  readonly from: string | undefined
  readonly to: string | undefined
}

function refuseMove(stage: string, { holder, from, to }: Move): void {
  if (from === undefined && to === undefined) {
    throw invalid('You must provide at least one of MoveToVersionId and RemoveFromVersionId.')
  }
  if (stage === 'AWSCURRENT' && to === undefined) {
    throw invalid(
      'You can only move staging label AWSCURRENT to a different secret version. It can’t be completely removed.',
    )
  }
  if (from === undefined && holder !== undefined && holder !== to) {
    throw invalid(
      `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder}, so you must explicitly reference that version in RemoveFromVersionId.`,
    )
  }
  if (from !== undefined && holder !== from) {
    throw invalid(
      `The staging label ${stage} is not attached to version ${from}, which RemoveFromVersionId references.`,
    )
  }
}

function existing(secret: Secret, id: string): SecretVersion {
  const version = secret.versions.get(id)
  if (version === undefined) throw invalid(`Not a valid version: ${id}`)
  return version
}

function invalid(message: string): SecretsFault {
  return new SecretsFault('InvalidParameterException', message)
}

/** Versions without a staging label are deprecated. */
function isStaged({ stages }: SecretVersion): boolean {
  return stages.size > 0
}

function seconds(date: Date): number {
  return date.getTime() / 1000
}

function written(secret: Secret, version: SecretVersion | undefined): Fields {
  return { ARN: secret.arn, Name: secret.name, ...(version ? { VersionId: version.id } : {}) }
}

export function required(input: Fields, name: string): string {
  const value = optional(input, name)
  if (value === undefined) throw new SecretsFault('ValidationException', `Member ${name} must not be null`)
  return value
}

export function optional(input: Fields, name: string): string | undefined {
  const value = input[name]
  return typeof value === 'string' ? value : undefined
}

/** It becomes the version's id. */
export function tokenOf(input: Fields): string | undefined {
  const token = optional(input, 'ClientRequestToken')
  if (token === undefined || (token.length >= 32 && token.length <= 64)) return token
  throw invalid('ClientRequestToken must be 32-64 characters long.')
}

function optionalValue(input: Fields): SecretValue | undefined {
  if (input['SecretBinary'] !== undefined && input['SecretString'] !== undefined) {
    throw invalid("You can't specify both a binary secret value and a string secret value in the same secret.")
  }
  const binary = optional(input, 'SecretBinary')
  const value = binary === undefined ? optional(input, 'SecretString') : Buffer.from(binary, 'base64')
  if (value !== undefined && Buffer.byteLength(value) > MAX_VALUE_BYTES) {
    throw new SecretsFault('ValidationException', `The value must have at most ${MAX_VALUE_BYTES} bytes`)
  }
  return value
}

/** "If this operation creates the first version for the secret, then … attaches … AWSCURRENT to it." (API reference.) */
function stagesOf(input: Fields, secret: Secret): string[] | undefined {
  const stages = input['VersionStages']
  if (!Array.isArray(stages)) return undefined
  if (stages.length === 0 || stages.length > 20) {
    throw new SecretsFault('ValidationException', 'VersionStages must have 1 to 20 members')
  }
  const named = stages.map(String)
  return secret.versions.size === 0 ? [...new Set(['AWSCURRENT', ...named])] : named
}
