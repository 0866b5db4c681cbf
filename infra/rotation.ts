/**
 * The rotation function and its schedule: Secrets Manager's own protocol, so that the console and CloudTrail know when pins
 * were rotated and by whom.
 *
 * Not CDK's `addRotationSchedule`: it lets the function make passwords, for which IAM knows no resource.
 */

import { Duration, Stack } from 'aws-cdk-lib'
import type { Schedule } from 'aws-cdk-lib/aws-events'
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { CfnPermission, type IFunction } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { CfnRotationSchedule } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { GuardFunction, type GuardFunctionSettings } from './guard-function.ts'
import type { PinSecret } from './pin-secret.ts'
import { probeHosts } from './probe.ts'

export interface RotationProps {
  readonly pins: PinSecret
  readonly schedule: Schedule
  readonly approval: RotationApproval
  /** `host` or `host:port`, for what wildcards of the policy cover. */
  readonly hosts: readonly string[]
  readonly settings: GuardFunctionSettings
}

/**
 * Who decides that a candidate becomes current. `required`: a person, by `pinned-fetch rotate approve`; what is not approved
 * is only rehearsed. `automatic`: nobody; what passes the test against every host becomes current.
 */
export type RotationApproval = 'required' | 'automatic'

/** testSecret asks every host of the policy. */
const TIMEOUT = Duration.minutes(5)

/** Secrets Manager rotates no secret more often. */
const HOURS_MIN = 4

export class Rotation extends Construct {
  readonly function: IFunction
  readonly logGroup: ILogGroup
  readonly schedule: CfnRotationSchedule

  constructor(scope: Construct, id: string, { pins, schedule, approval, hosts, settings }: RotationProps) {
    super(scope, id)
    checkSchedule(schedule)
    const rotation = new GuardFunction(this, 'Rotator', {
      code: 'rotation',
      description: 'Tests a candidate for the next pins against every host, and makes it current when it passes',
      timeout: TIMEOUT,
      environment: { PINNED_FETCH_APPROVAL: approval, ...probeHosts(hosts) },
      settings,
    })
    this.function = rotation.function
    this.logGroup = rotation.logGroup
    const grant = pins.grantRotate(rotation.role)
    const permission = new CfnPermission(this, 'Permission', {
      action: 'lambda:InvokeFunction',
      functionName: rotation.function.functionArn,
      principal: new ServicePrincipal('secretsmanager.amazonaws.com').service,
      sourceAccount: Stack.of(this).account,
      // Also where only the name of the secret is known.
      sourceArn: pins.arnForPolicies,
    })
    this.schedule = new CfnRotationSchedule(this, 'Schedule', {
      secretId: pins.secret.secretArn,
      rotationLambdaArn: rotation.function.functionArn,
      rotationRules: { scheduleExpression: schedule.expressionString },
      // A deployment is no occasion to rotate.
      rotateImmediatelyOnUpdate: false,
    })
    this.schedule.addDependency(permission)
    grant.applyBefore(this.schedule)
    this.schedule.node.addDependency(pins)
  }
}

/** What Secrets Manager takes of rates: whole hours or days. A `cron` is left to it. */
function checkSchedule({ expressionString: expression }: Schedule): void {
  const [, value, unit] = /^rate\((\d+) (minute|hour)s?\)$/.exec(expression) ?? []
  if (unit === undefined || (unit === 'hour' && Number(value) >= HOURS_MIN)) return
  throw new Error(
    `"rotationSchedule" is ${expression}, which Secrets Manager refuses: give whole hours, at least ${HOURS_MIN}, or days`,
  )
}
