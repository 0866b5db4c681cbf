/**
 * The initial value of the secret: the policy of the template, put there by a function when the secret is made.
 *
 * Only then. The policy that guards enforce lives in the secret and changes there (`pinned-fetch push`, `rotate`), and a
 * later deployment, whatever its template says, finds a current version and leaves it alone. So an old branch can't bring
 * back a key that was denied since.
 */

import { CustomResource, Duration } from 'aws-cdk-lib'
import { Construct } from 'constructs'
import { GuardFunction, type GuardFunctionSettings } from './guard-function.ts'
import type { PinSecret } from './pin-secret.ts'

export interface InitialValueProps {
  readonly pins: PinSecret
  /** The policy, as text. */
  readonly text: string
  readonly settings: GuardFunctionSettings
}

const TIMEOUT = Duration.minutes(1)

/** When CloudFormation stops waiting for an answer; the function always answers before. */
const ANSWER_TIMEOUT = Duration.minutes(5)

export class InitialValue extends Construct {
  /** There once the secret has a value. */
  readonly resource: CustomResource

  constructor(scope: Construct, id: string, { pins, text, settings }: InitialValueProps) {
    super(scope, id)
    const { function: writer, role } = new GuardFunction(this, 'Writer', {
      code: 'initial-policy',
      description: 'Puts the first policy into the secret with the pins, and never a second one',
      timeout: TIMEOUT,
      settings,
    })
    const grant = pins.grantFirstValue(role)
    this.resource = new CustomResource(this, 'Policy', {
      resourceType: 'Custom::PinnedFetchInitialPolicy',
      serviceToken: writer.functionArn,
      serviceTimeout: ANSWER_TIMEOUT,
      properties: { SecretId: pins.secret.secretArn, Policy: text },
    })
    grant.applyBefore(this.resource)
    this.resource.node.addDependency(pins)
  }
}
