/**
 * Where the story plays: a local AWS, or an account of the real one.
 */

import type { Credentials, Place } from './aws-api.ts'
import type { Environment } from './command.ts'
import type { Partner } from './partner.ts'

export interface World {
  readonly place: Place
  /** Of whoever deploys. */
  readonly credentials: Credentials
  /** For `cdk` and other commands, without credentials of a role. */
  readonly environment: Environment
  readonly partner: Partner
  /** A folder that is gone afterwards. */
  readonly folder: string
  /** How long a state may take to come, ms. */
  readonly patienceMs: number
  /** Whether the account has still to be bootstrapped for `cdk`. */
  readonly isNew: boolean
  /** Whether the example of infra/ is deployed as well. */
  readonly hasExample: boolean
}
