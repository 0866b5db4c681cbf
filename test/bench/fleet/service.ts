/**
 * Secrets Manager for a fleet: one secret, the regional quota, an outage, and the retries of the SDK before it.
 *
 * The retries are those of the SDK's standard mode (Smithy): up to `attempts`, and before the n-th retry a pause of up to
 * 100 ms times 2^(n-1), 500 ms when throttled. Its budget of retries per client is left out: it would spare no request here.
 */

import type { World } from './world.ts'

/** GetSecretValue and DescribeSecret together, a second and region (AWS Secrets Manager quotas). */
export const QUOTA_PER_SECOND = 10_000

/** Of GetSecretValue (AWS Secrets Manager pricing). Throttled and failed requests are counted as well. */
export const DOLLARS_PER_REQUEST = 0.05 / 10_000

const FASTEST_ANSWER_MS = 12
const MEAN_ANSWER_MS = 25

const RETRY_BASE_MS = 100
const THROTTLED_RETRY_BASE_MS = 500

/** Part of the requests in an outage that are never answered; the others fail at once. */
const HANGING = 0.2

/** What a reader holds. */
export interface SecretValue {
  readonly version: string
  /** Virtual ms. */
  readonly readAt: number
}

export class ThrottlingException extends Error {
  override readonly name = 'ThrottlingException'
}

export class InternalServiceError extends Error {
  override readonly name = 'InternalServiceError'
}

export class SecretsService {
  version = '1'
  isDown = false
  /** Requests a second that others leave of the quota. */
  quota = QUOTA_PER_SECOND
  throttled = 0
  /** Requests in each second of virtual time. */
  readonly requests: number[] = []
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  /** GetSecretValue by the SDK. */
  async get(attempts: number, signal?: AbortSignal): Promise<SecretValue> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#request()
      } catch (error) {
        if (attempt >= attempts || signal?.aborted) throw error
        const base = error instanceof ThrottlingException ? THROTTLED_RETRY_BASE_MS : RETRY_BASE_MS
        await new Promise<void>((resolve) => setTimeout(resolve, this.#world.random() * base * 2 ** (attempt - 1)))
        if (signal?.aborted) throw error
      }
    }
  }

  #request(): Promise<SecretValue> {
    const world = this.#world
    world.unsettle()
    const second = Math.floor(world.now / 1_000)
    const count = (this.requests[second] ?? 0) + 1
    this.requests[second] = count
    const { promise, resolve, reject } = Promise.withResolvers<SecretValue>()
    const answer = (settle: () => void) =>
      world.later(FASTEST_ANSWER_MS - Math.log(1 - world.random()) * (MEAN_ANSWER_MS - FASTEST_ANSWER_MS), () => {
        world.unsettle()
        settle()
      })
    if (count > this.quota) {
      this.throttled += 1
      answer(() => reject(new ThrottlingException('Rate exceeded')))
    } else if (!this.isDown) {
      const value = { version: this.version, readAt: world.now }
      answer(() => resolve(value))
    } else if (world.random() >= HANGING) {
      answer(() => reject(new InternalServiceError('An error occurred on the server side.')))
    }
    return promise
  }
}
