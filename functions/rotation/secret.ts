/**
 * The secret as the rotation function sees it: its labels, the texts behind some of them, and the steps of a plan as
 * calls. Every call names the version and the label that it is about, so that nothing is taken for something else.
 *
 * Every write may be repeated, and a label moves only from where the plan saw it, which Secrets Manager itself compares.
 *
 * Needs, on this one secret: DescribeSecret, GetSecretValue, PutSecretValue, UpdateSecretVersionStage.
 */

import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager'
import { holderOf, PENDING, type StagedVersion, type Step } from '../../lib/policy/rotation.ts'
import { RotationRefused } from './refusal.ts'

export interface Described {
  /** All that this secret may be called. */
  readonly names: readonly string[]
  readonly isRotated: boolean
  /** Those with a label, without their texts. */
  readonly versions: readonly StagedVersion[]
}

export class RotatedSecret {
  readonly #client: SecretsManagerClient
  readonly #id: string
  readonly #options: { readonly abortSignal?: AbortSignal }

  /** @param signal ends every call that is still waiting for its answer, so that what failed can be told in time */
  constructor(client: SecretsManagerClient, id: string, signal?: AbortSignal) {
    this.#client = client
    this.#id = id
    this.#options = signal === undefined ? {} : { abortSignal: signal }
  }

  async describe(): Promise<Described> {
    const reply = await this.#client.send(new DescribeSecretCommand({ SecretId: this.#id }), this.#options)
    const { ARN = '', Name = '', VersionIdsToStages = {} } = reply
    const versions = Object.entries(VersionIdsToStages).map(([id, stages = []]) => ({ id, stages }))
    // The suffix that Secrets Manager gives an ARN: a hyphen and six characters.
    return { names: [ARN, ARN.slice(0, -7), Name], isRotated: reply.RotationEnabled === true, versions }
  }

  /** A version with its text; without one where nothing has been written yet, or the label has left it. */
  async read(version: StagedVersion, stage: string): Promise<StagedVersion> {
    const input = { SecretId: this.#id, VersionId: version.id, VersionStage: stage }
    try {
      const { SecretString, SecretBinary } = await this.#client.send(new GetSecretValueCommand(input), this.#options)
      return { ...version, text: SecretString ?? textOf(SecretBinary ?? new Uint8Array(), version) }
    } catch (error) {
      if (nameOf(error) === 'ResourceNotFoundException') return version
      throw error
    }
  }

  /** What a rotation writes: under its token, which has AWSPENDING already. */
  async write(token: string, text: string): Promise<void> {
    const input = { SecretId: this.#id, ClientRequestToken: token, SecretString: text, VersionStages: [PENDING] }
    await this.#client.send(new PutSecretValueCommand(input), this.#options)
  }

  /** @throws {RotationRefused} `moved`, when a label is no longer where the plan saw it */
  async perform(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step.call === 'move') await this.#move(step)
    }
  }

  async #move({ stage, from, to }: Extract<Step, { call: 'move' }>): Promise<void> {
    const input = {
      SecretId: this.#id,
      VersionStage: stage,
      ...(from === undefined ? {} : { RemoveFromVersionId: from }),
      ...(to === undefined ? {} : { MoveToVersionId: to }),
    }
    try {
      await this.#client.send(new UpdateSecretVersionStageCommand(input), this.#options)
    } catch (error) {
      if (nameOf(error) !== 'InvalidParameterException') throw error
      // It may be where it is to go already, when an answer was lost, or the same step runs twice.
      const holder = holderOf((await this.describe()).versions, stage)
      if (to === undefined ? holder?.id !== from : holder?.id === to) return
      const message = `${stage} was moved meanwhile; it is on ${holder === undefined ? 'no version' : `version ${holder.id}`}`
      throw new RotationRefused('moved', message, 'see pinned-fetch rotate status, and rotate once more', {
        cause: error,
      })
    }
  }
}

/** As guards decode it: else another text would be promoted than the bytes that somebody approved. */
function textOf(bytes: Uint8Array, { id }: StagedVersion): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    const hint = 'pinned-fetch rotate abort, and propose it again; what is current, pinned-fetch push replaces'
    throw new RotationRefused('not-utf8', `version ${id} holds bytes that are no UTF-8`, hint, { cause })
  }
}

function nameOf(error: unknown): string | undefined {
  return (error as Error | undefined)?.name
}
