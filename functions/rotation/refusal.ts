/**
 * A rotation that must not go on: the error that ends the step, so that Secrets Manager ends the rotation. What is
 * current stays current.
 */

export class RotationRefused extends Error {
  /** Stable: of the plan, of a hazard, of a host, or one of `PinnedFetchError`'s. */
  readonly code: string

  constructor(code: string, message: string, hint: string, options?: ErrorOptions) {
    super(`${message}\n  hint  ${hint}`, options)
    this.name = 'RotationRefused'
    this.code = code
  }
}
