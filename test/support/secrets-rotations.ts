/**
 * RotateSecret as the service does it: an empty version gets AWSPENDING, and a function is called for the four steps, one
 * after the other, until one fails. (User guide: "Lambda rotation functions"; API reference: RotateSecret.)
 *
 * A rotation that failed leaves AWSPENDING where it is. While it hangs on a version that is not current, RotateSecret is
 * refused, and that rotation is attempted again, with its own token. After success the label may stay on the version that
 * is current, or be gone: both have been seen of the service.
 */

import { randomUUID } from 'node:crypto'
import { type Fields, optional, required, tokenOf } from './secrets-actions.ts'
import { type Secret, SecretsFault, type SecretsStore, type SecretVersion } from './secrets-store.ts'
import { Signal } from './signal.ts'

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const

export interface RotationEvent {
  readonly Step: (typeof STEPS)[number]
  readonly SecretId: string
  readonly ClientRequestToken: string
}

/** Calls the function. What it throws, and an outcome of the kind `error`, fail the step. */
export type InvokeRotation = (
  event: RotationEvent,
) => Promise<{ readonly kind: 'response' | 'error'; readonly body: unknown }>

/** How a rotation ended. */
export interface RotationRun {
  readonly token: string
  /** Those that were called. */
  readonly steps: readonly RotationEvent['Step'][]
  /** What the last of them failed with; unset: all is done. */
  readonly failure: unknown
}

export class SecretsRotations {
  readonly #store: SecretsStore
  readonly #ended = new Signal<RotationRun>()
  readonly #running = new Set<Secret>()
  #invoke: InvokeRotation = () => Promise.reject(new Error('no function rotates: endpoint.rotateWith'))
  #cleans = false

  constructor(store: SecretsStore) {
    this.#store = store
  }

  rotateWith(invoke: InvokeRotation, { cleans = false }: { readonly cleans?: boolean } = {}): void {
    this.#invoke = invoke
    this.#cleans = cleans
  }

  whenEnded(): Promise<RotationRun> {
    return this.#ended.next()
  }

  /** The action. Its answer goes out while the rotation runs. */
  begin(input: Fields): Fields {
    const secret = this.#store.find(required(input, 'SecretId'))
    const by = optional(input, 'RotationLambdaARN') ?? secret.rotatedBy
    if (by === undefined) {
      const problem = 'No Lambda rotation function ARN is associated with this secret.'
      throw new SecretsFault('InvalidRequestException', problem)
    }
    secret.rotatedBy = by
    const token = tokenOf(input) ?? randomUUID()
    const pending = this.#store.labelled(secret, 'AWSPENDING')
    if (pending !== undefined && !pending.stages.has('AWSCURRENT') && pending.id !== token) {
      if (!this.#running.has(secret)) this.#start(secret, pending, STEPS)
      const problem = "A previous rotation isn't complete. That rotation will be reattempted."
      throw new SecretsFault('InvalidRequestException', problem)
    }
    const version = secret.versions.get(token) ?? this.#store.begin(secret, token)
    this.#store.label(secret, 'AWSPENDING', version)
    if (input['RotateImmediately'] === false) this.#rehearse(secret, version)
    else this.#start(secret, version, STEPS)
    return { ARN: secret.arn, Name: secret.name, VersionId: token }
  }

  /** "Secrets Manager tests the rotation configuration by running the testSecret step", with a version it then removes. */
  #rehearse(secret: Secret, version: SecretVersion): void {
    this.#start(secret, version, ['testSecret'], () => {
      if (version.stages.has('AWSPENDING')) this.#store.unlabel(secret, 'AWSPENDING')
      secret.versions.delete(version.id)
    })
  }

  #start(secret: Secret, version: SecretVersion, steps: readonly RotationEvent['Step'][], after = () => {}): void {
    this.#running.add(secret)
    void this.#run(secret, version, steps).then((run) => {
      this.#running.delete(secret)
      after()
      if (run.failure === undefined && this.#cleans && version.stages.has('AWSPENDING')) {
        this.#store.unlabel(secret, 'AWSPENDING')
      }
      this.#ended.emit(run)
    })
  }

  async #run(
    secret: Secret,
    { id: token }: SecretVersion,
    steps: readonly RotationEvent['Step'][],
  ): Promise<RotationRun> {
    const called: RotationEvent['Step'][] = []
    for (const Step of steps) {
      called.push(Step)
      const failure = await this.#call({ Step, SecretId: secret.arn, ClientRequestToken: token })
      if (failure !== undefined) return { token, steps: called, failure }
    }
    return { token, steps: called, failure: undefined }
  }

  async #call(event: RotationEvent): Promise<unknown> {
    try {
      const { kind, body } = await this.#invoke(event)
      return kind === 'error' ? body : undefined
    } catch (error) {
      return error
    }
  }
}
