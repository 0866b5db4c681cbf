/**
 * The bad days of the secrets endpoint: one standing fault for all requests, and single replies held back.
 */

import type { SecretsRequest } from './secrets-request.ts'

export interface SecretsFailure {
  /** "ThrottlingException", "AccessDeniedException", "InternalServiceError", ... */
  readonly code: string
  readonly message?: string
  /** Unset: 500 for InternalServiceError, else 400. */
  readonly status?: number
}

/** When a single request loses its connection: before it is done, or with its reply on the way. */
export type Cut = 'before' | 'after'

/** One reply held back. It carries what was true when the request arrived. */
export interface HeldReply {
  readonly asked: Promise<SecretsRequest>
  release(): void
}

export type StandingFault =
  | { readonly kind: 'none' | 'hang' | 'disconnect' }
  | { readonly kind: 'fail'; readonly failure: SecretsFailure }
  | { readonly kind: 'delay'; readonly until: Promise<unknown> }

export class SecretsFaults {
  standing: StandingFault = { kind: 'none' }
  #cut: { countdown: number; readonly when: Cut } | undefined
  #holds: { asked: (request: SecretsRequest) => void; released: Promise<void> }[] = []

  hold(): HeldReply {
    const asked = Promise.withResolvers<SecretsRequest>()
    const released = Promise.withResolvers<void>()
    this.#holds.push({ asked: asked.resolve, released: released.promise })
    return { asked: asked.promise, release: released.resolve }
  }

  /** The request of this number from now on, the next one being 1, loses its connection; one at a time. */
  cut(number: number, when: Cut): void {
    this.#cut = { countdown: number, when }
  }

  /** What befalls this request, and when its reply may go out. */
  meet(request: SecretsRequest): { fault: StandingFault; cut: Cut | undefined; released: Promise<unknown> } {
    const fault = this.standing
    const cut = this.#cutNow()
    const held = this.#holds.shift()
    held?.asked(request)
    return { fault, cut, released: Promise.all([held?.released, fault.kind === 'delay' ? fault.until : undefined]) }
  }

  #cutNow(): Cut | undefined {
    if (this.#cut === undefined || --this.#cut.countdown > 0) return undefined
    const { when } = this.#cut
    this.#cut = undefined
    return when
  }
}
