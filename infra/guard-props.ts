/**
 * What an `OutboundGuard` can be told. Everything but the policy has a default that is meant for production.
 */

import type { Duration } from 'aws-cdk-lib'
import type { IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2'
import type { Schedule } from 'aws-cdk-lib/aws-events'
import type { IGrantable } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { ISecret, ReplicaRegion } from 'aws-cdk-lib/aws-secretsmanager'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import type { GuardAlarmThresholds } from './alarm-sensors.ts'
import type { PolicyObject } from './policy-input.ts'
import type { RotationApproval } from './rotation.ts'

export interface OutboundGuardProps {
  /**
   * The pins: the path of a policy file from the directory in which the app is run, the document itself, or an existing
   * secret that holds one. Of a file and a document the secret gets its *initial* value only: what is rotated in the
   * secret later is never overwritten by a deployment.
   */
  readonly policy: string | PolicyObject | ISecret

  /**
   * The name under which all functions of this guard write their metrics: alarms and dashboard watch it. Guards of one stack
   * need one each.
   *
   * @default - the name of the stack
   */
  readonly service?: string

  /**
   * Encrypts the secret. With an existing secret: its key, which the functions are allowed to decrypt with.
   *
   * @default - a customer-managed key is made, rotated every year and retained; an existing secret: the key it knows of
   */
  readonly encryptionKey?: IKey

  /**
   * Regions in which the secret is to be readable too. Not for an existing secret. What this guard grants is for its own
   * region: a function in one of these needs a guard there, whose `policy` is the replica, imported by its ARN.
   *
   * @default - none. A region without a key of its own uses `aws/secretsmanager` there
   */
  readonly replicaRegions?: ReplicaRegion[]

  /**
   * Who reads the pins besides the functions that are protected, such as the role of an on-call engineer.
   *
   * @default - nobody
   */
  readonly readers?: IGrantable[]

  /**
   * Who changes the pins, such as the role that runs `pinned-fetch push`, and the one of an engineer on call. Nobody else may,
   * whatever IAM allows elsewhere; only the functions of this guard, and CloudFormation's role of a bootstrapped environment,
   * which updates the secret's own properties. An existing secret keeps its own policy: the grants are made.
   *
   * @default - nobody
   */
  readonly writers?: IGrantable[]

  /**
   * Public keys in PEM, Ed25519 or P-256. The policy must then be signed with one of them.
   *
   * @default - it need not be signed
   */
  readonly verifyKeys?: string[]

  /**
   * Where somebody is woken.
   *
   * @default - the alarms have no action; the dashboard shows them
   */
  readonly alarmTopic?: ITopic

  /**
   * Where alarms go that may wait for the next working day.
   *
   * @default - `alarmTopic`
   */
  readonly ticketTopic?: ITopic

  /**
   * When alarms ring.
   *
   * @default - see `GuardAlarmThresholds`
   */
  readonly thresholds?: GuardAlarmThresholds

  /**
   * Where the runbooks are; the description of each alarm ends with `<base>/<name>.md`.
   *
   * @default - those of this package's repository
   */
  readonly runbookBaseUrl?: string

  /**
   * How often the probe asks every host of the policy for its key.
   *
   * @default Duration.days(1)
   */
  readonly probeSchedule?: Duration

  /**
   * Hosts to ask where the policy has a wildcard, as `host` or `host:port`.
   *
   * @default - hosts that only a wildcard covers are not probed
   */
  readonly probeHosts?: string[]

  /**
   * When Secrets Manager runs the rotation function, such as `Schedule.rate(Duration.days(7))`. At most every four hours.
   *
   * @default - there is no rotation function: pins are rotated by `pinned-fetch rotate`
   */
  readonly rotationSchedule?: Schedule

  /**
   * Whether a person has to approve a candidate before the rotation function makes it current.
   *
   * @default 'required'
   */
  readonly approval?: RotationApproval

  /**
   * How long the logs of the guard's own functions are kept.
   *
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays

  /**
   * Whether the guard's own functions are traced by X-Ray.
   *
   * @default false
   */
  readonly tracing?: boolean

  /**
   * Whether each of the guard's own functions reserves one concurrent execution of the account's. A new account may have none
   * to spare.
   *
   * @default true
   */
  readonly reservedConcurrency?: boolean

  /**
   * The VPC of functions that are to be locked down: `protect(fn, { lockdown: true })`.
   *
   * @default - no function can be locked down
   */
  readonly vpc?: IVpc

  /**
   * Whether probe and rotation function run in `vpc` too, in the lockdown: for hosts that can only be reached from there. They
   * then need a NAT gateway, or an endpoint for Secrets Manager. The probe then shares the way of the calls, and can't
   * tell somebody on that way from a rotation.
   *
   * @default false - they run outside of any VPC
   */
  readonly probeInVpc?: boolean

  /**
   * Which subnets of `vpc` they run in.
   *
   * @default - the private ones
   */
  readonly vpcSubnets?: SubnetSelection
}

export interface ProtectOptions {
  /**
   * Whether the guard is loaded before the function's own code, which then need not know of it: `fetch` and `https` are
   * judged as they are. Adds a layer and, to `NODE_OPTIONS`, `--import`. Not for container images.
   *
   * @default false - the function uses `pinnedFetch()` itself
   */
  readonly preload?: boolean

  /**
   * Whether a function of a VPC is put into the lockdown instead of its own security groups. Needs the guard's `vpc`.
   *
   * @default false - its security groups stay as they are
   */
  readonly lockdown?: boolean
}
