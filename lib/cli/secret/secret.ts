/**
 * One secret of Secrets Manager: its versions, what is in them, and the steps of a plan (policy/rotation.ts) as calls.
 *
 * Every write is optimistic: a stage moves only from the version that the plan saw it on, which AWS itself compares. And
 * every write may be repeated: after an answer that was lost, the same steps find their work done.
 */

import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { CURRENT, DRAFT, holderOf, type StagedVersion, type Step } from '../../policy/rotation.ts'
import { CommandError, EXIT } from '../failure.ts'
import type { World } from '../world.ts'
import { openClient, type Sdk } from './client.ts'
import { secretFailure } from './failure.ts'

export interface Described {
  readonly arn: string
  readonly name: string
  /** Those with a stage. */
  readonly versions: readonly StagedVersion[]
}

export interface ListedVersion extends StagedVersion {
  /** Milliseconds since the epoch. */
  readonly created: number | undefined
}

export interface ReadVersion extends StagedVersion {
  readonly text: string
}

export class Secret {
  readonly id: string
  readonly #sdk: Sdk
  readonly #client: SecretsManagerClient

  private constructor(id: string, sdk: Sdk, client: SecretsManagerClient) {
    this.id = id
    this.#sdk = sdk
    this.#client = client
  }

  /** Opens a secret for the time of `work`. */
  static async with<Result>(id: string, world: World, work: (secret: Secret) => Promise<Result>): Promise<Result> {
    const { sdk, client } = await openClient(world).catch((error) => {
      throw secretFailure(id, 'GetSecretValue', error)
    })
    try {
      return await work(new Secret(id, sdk, client))
    } finally {
      client.destroy()
    }
  }

  /** @throws {CommandError} also when there is no such secret */
  async describe(): Promise<Described> {
    const reply = await this.#ask('DescribeSecret', () =>
      this.#client.send(new this.#sdk.DescribeSecretCommand({ SecretId: this.id })),
    )
    const versions = Object.entries(reply.VersionIdsToStages ?? {}).map(([id, stages = []]) => ({ id, stages }))
    return { arn: reply.ARN ?? this.id, name: reply.Name ?? this.id, versions }
  }

  /** The same, or `undefined` when there is no such secret. */
  async find(): Promise<Described | undefined> {
    try {
      return await this.describe()
    } catch (error) {
      if (nameOf((error as Error).cause) === 'ResourceNotFoundException') return undefined
      throw error
    }
  }

  /** Every version that still exists, without a stage or with one, in the order of AWS. */
  async list(): Promise<readonly ListedVersion[]> {
    const versions: ListedVersion[] = []
    let token: string | undefined
    do {
      const input = { SecretId: this.id, IncludeDeprecated: true, ...(token === undefined ? {} : { NextToken: token }) }
      const page = await this.#ask('ListSecretVersionIds', () =>
        this.#client.send(new this.#sdk.ListSecretVersionIdsCommand(input)),
      )
      for (const { VersionId: id, VersionStages: stages = [], CreatedDate } of page.Versions ?? []) {
        if (id !== undefined) versions.push({ id, stages, created: CreatedDate?.getTime() })
      }
      // Some endpoints say with an empty one that there is no more.
      token = page.NextToken || undefined
    } while (token !== undefined)
    return versions
  }

  /** @param version an id; for a stage ask {@link describe} which id has it */
  async read(version: string): Promise<ReadVersion> {
    const reply = await this.#ask('GetSecretValue', () =>
      this.#client.send(new this.#sdk.GetSecretValueCommand({ SecretId: this.id, VersionId: version })),
    )
    const text = reply.SecretString ?? new TextDecoder().decode(reply.SecretBinary ?? new Uint8Array())
    return { id: reply.VersionId ?? version, stages: reply.VersionStages ?? [], text }
  }

  /** The same of a version that need not have a value: a rotation of AWS begins with one that has none. */
  async readIfThere(version: string): Promise<ReadVersion | undefined> {
    try {
      return await this.read(version)
    } catch (error) {
      if (nameOf((error as Error).cause) === 'ResourceNotFoundException') return undefined
      throw error
    }
  }

  /** A stage, a version id or the beginning of one, as a version id. */
  async resolve(version: string = CURRENT): Promise<string> {
    const staged = holderOf((await this.describe()).versions, version)
    if (staged !== undefined) return staged.id
    const like = (await this.list()).filter(
      ({ id }) => id === version || (version.length >= 8 && id.startsWith(version)),
    )
    const [only] = like
    if (only !== undefined && like.length === 1) return only.id
    const problem = like.length > 1 ? `has ${like.length} versions that begin with` : 'has no version or stage'
    throw new CommandError(`secret "${this.id}" ${problem} "${version}"`, `look at pinned-fetch history ${this.id}`)
  }

  async create(text: string, id: string): Promise<void> {
    const input = { Name: this.id, SecretString: text, ClientRequestToken: id }
    await this.#ask('CreateSecret', () => this.#client.send(new this.#sdk.CreateSecretCommand(input)))
  }

  /**
   * Does the steps, in their order.
   *
   * @throws {CommandError} with exit code 4 when somebody else moved a stage meanwhile
   */
  async perform(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step.call === 'put') await this.#put(step)
      else await this.#move(step)
    }
  }

  async #put({ id, text }: Extract<Step, { call: 'put' }>): Promise<void> {
    const input = { SecretId: this.id, SecretString: text, ClientRequestToken: id, VersionStages: [DRAFT] }
    await this.#ask('PutSecretValue', () => this.#client.send(new this.#sdk.PutSecretValueCommand(input)))
  }

  async #move({ stage, from, to }: Extract<Step, { call: 'move' }>): Promise<void> {
    const input = {
      SecretId: this.id,
      VersionStage: stage,
      ...(from === undefined ? {} : { RemoveFromVersionId: from }),
      ...(to === undefined ? {} : { MoveToVersionId: to }),
    }
    try {
      await this.#client.send(new this.#sdk.UpdateSecretVersionStageCommand(input))
    } catch (error) {
      if (nameOf(error) !== 'InvalidParameterException') throw secretFailure(this.id, 'UpdateSecretVersionStage', error)
      // The stage is not where the plan saw it: it may be where it is to go already, when an answer was lost.
      const holder = holderOf((await this.describe()).versions, stage)
      if (to === undefined ? holder?.id === from : holder?.id !== to) throw this.#moved(stage, holder, error)
    }
  }

  #moved(stage: string, holder: StagedVersion | undefined, cause: unknown): CommandError {
    const place = holder === undefined ? 'on no version' : `on version ${holder.id}`
    return new CommandError(
      `secret "${this.id}": somebody else moved ${stage} meanwhile; it is ${place} now`,
      `look at pinned-fetch history ${this.id}, and begin again`,
      { exitCode: EXIT.refused, cause },
    )
  }

  async #ask<Reply>(action: string, send: () => Promise<Reply>): Promise<Reply> {
    try {
      return await send()
    } catch (error) {
      throw secretFailure(this.id, action, error)
    }
  }
}

function nameOf(error: unknown): string | undefined {
  return (error as Error | undefined)?.name
}
