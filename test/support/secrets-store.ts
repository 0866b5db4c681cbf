/**
 * The versions and staging labels of secrets, by the rules of AWS Secrets Manager (API reference, 2017-10-17).
 *
 * One label is on at most one version; moving AWSCURRENT leaves AWSPREVIOUS behind on the version it left.
 */

import { randomUUID } from 'node:crypto'

export type SecretValue = string | Uint8Array

export interface SecretVersion {
  readonly id: string
  /** Unset: a rotation has begun it, and written nothing yet. */
  value: SecretValue | undefined
  readonly created: Date
  readonly stages: Set<string>
}

export interface Secret {
  readonly name: string
  readonly arn: string
  readonly versions: Map<string, SecretVersion>
  readonly created: Date
  changed: Date
  /** The ARN of the function that rotates it; unset: rotation is off. */
  rotatedBy?: string
}

/** "Staging labels attached across all versions of a secret: 20." (Quotas of the user guide.) */
const MAX_LABELS = 20

/** An error as the service words it; `code` is what the SDK makes the error's name of. */
export class SecretsFault extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}

export class SecretsStore {
  #secrets = new Map<string, Secret>()

  has(name: string): boolean {
    return this.#secrets.has(name)
  }

  create(name: string): Secret {
    const suffix = randomUUID().slice(0, 6)
    const arn = `arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}-${suffix}`
    const created = new Date()
    const secret: Secret = { name, arn, versions: new Map(), created, changed: created }
    this.#secrets.set(name, secret)
    return secret
  }

  remove(id: string): void {
    this.#secrets.delete(this.find(id).name)
  }

  /** By name, or by ARN with or without the random suffix. */
  find(id: string): Secret {
    for (const secret of this.#secrets.values()) {
      if ([secret.name, secret.arn, secret.arn.slice(0, -7)].includes(id)) return secret
    }
    throw new SecretsFault('ResourceNotFoundException', "Secrets Manager can't find the specified secret.")
  }

  versionOf(secret: Secret, { id, stage }: { id?: string | undefined; stage?: string | undefined }): SecretVersion {
    const label = stage ?? (id === undefined ? 'AWSCURRENT' : undefined)
    for (const version of secret.versions.values()) {
      const isSought = (id ?? version.id) === version.id && (label === undefined || version.stages.has(label))
      if (isSought && version.value !== undefined) return version
    }
    const sought = id === undefined ? `staging label: ${label}` : `VersionId: ${id}`
    throw new SecretsFault(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for ${sought}`,
    )
  }

  add(
    secret: Secret,
    value: SecretValue,
    id: string = randomUUID(),
    stages: readonly string[] = ['AWSCURRENT'],
    created = new Date(),
  ): SecretVersion {
    const existing = secret.versions.get(id)
    if (existing?.value !== undefined) {
      if (Buffer.from(existing.value).equals(Buffer.from(value))) return existing
      throw new SecretsFault('ResourceExistsException', `A version with the token ${id} exists with another value.`)
    }
    const version = existing ?? this.begin(secret, id, created)
    version.value = value
    for (const stage of stages) this.label(secret, stage, version)
    return version
  }

  /** A version without a value: what a rotation begins with. */
  begin(secret: Secret, id: string, created = new Date()): SecretVersion {
    const version: SecretVersion = { id, value: undefined, created, stages: new Set() }
    secret.versions.set(id, version)
    return version
  }

  label(secret: Secret, stage: string, version: SecretVersion): void {
    const former = this.labelled(secret, stage)
    if (former === version) return
    if (former === undefined && this.#labels(secret) >= MAX_LABELS) {
      throw new SecretsFault('LimitExceededException', `A secret can have at most ${MAX_LABELS} staging labels.`)
    }
    secret.changed = new Date()
    former?.stages.delete(stage)
    version.stages.add(stage)
    if (stage !== 'AWSCURRENT' || !former) return
    this.labelled(secret, 'AWSPREVIOUS')?.stages.delete('AWSPREVIOUS')
    former.stages.add('AWSPREVIOUS')
  }

  unlabel(secret: Secret, stage: string): void {
    this.labelled(secret, stage)?.stages.delete(stage)
    secret.changed = new Date()
  }

  labelled(secret: Secret, stage: string): SecretVersion | undefined {
    return [...secret.versions.values()].find((version) => version.stages.has(stage))
  }

  #labels(secret: Secret): number {
    return [...secret.versions.values()].reduce((sum, { stages }) => sum + stages.size, 0)
  }
}
