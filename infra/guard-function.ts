/**
 * What the functions of a guard have in common: a role and a log group of their own, JSON logs, a queue for events that
 * failed, a concurrency that is reserved and small, and no permission that names more than it needs.
 *
 * Not here: what each of them may do with the secret (pin-secret.ts), and when it runs.
 */

import { type Duration, Validations } from 'aws-cdk-lib'
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2'
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  Architecture,
  type IDestination,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { codeOf, type OwnCode } from './function-code.ts'

/** What holds for every function of one guard. */
export interface GuardFunctionSettings {
  /** Variables that all of them read. */
  readonly environment: Readonly<Record<string, string>>
  /** Takes the events that a function failed on, after Lambda's own retries. */
  readonly failedEvents: IQueue
  readonly logRetention: RetentionDays
  readonly tracing: boolean
  readonly reservedConcurrency: boolean
  /** Unset: outside of any VPC. */
  readonly network?: GuardNetwork | undefined
}

/** Where in a VPC the functions run. */
export interface GuardNetwork {
  readonly vpc: IVpc
  readonly subnets?: SubnetSelection | undefined
  readonly securityGroup: ISecurityGroup
}

export interface GuardFunctionProps {
  readonly code: Exclude<OwnCode, 'preload'>
  readonly description: string
  readonly timeout: Duration
  readonly environment?: Readonly<Record<string, string>>
  readonly settings: GuardFunctionSettings
}

/** Two runs of one function would do the same work twice; none of them is in anybody's way. */
const CONCURRENCY = 1

const MEMORY_MEGABYTES = 512

/** What Lambda needs to attach a function to a VPC. Its own check asks for these on any interface. */
const NETWORK_ACTIONS = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
]

export class GuardFunction extends Construct {
  readonly function: LambdaFunction
  readonly role: Role
  readonly logGroup: LogGroup

  constructor(scope: Construct, id: string, props: GuardFunctionProps) {
    super(scope, id)
    const { code, description, timeout, environment = {}, settings } = props
    // A role of our own: the managed policy that CDK would attach may write to every log group of the account.
    this.role = new Role(this, 'Role', {
      description: `${description} (pinned-fetch)`,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    })
    this.logGroup = new LogGroup(this, 'Logs', { retention: settings.logRetention })
    this.logGroup.grantWrite(this.role)
    this.function = new LambdaFunction(this, 'Function', {
      code: codeOf(code),
      handler: 'index.handler',
      description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: MEMORY_MEGABYTES,
      timeout,
      role: this.role,
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      onFailure: failedEventsTo(settings.failedEvents),
      environment: { ...settings.environment, ...environment },
      ...(settings.tracing ? { tracing: Tracing.ACTIVE } : {}),
      ...(settings.reservedConcurrency ? { reservedConcurrentExecutions: CONCURRENCY } : {}),
      ...this.#placement(settings.network),
    })
    if (settings.tracing) this.#acknowledge(TRACING_REASON)
  }

  #placement(network: GuardNetwork | undefined): object {
    if (network === undefined) return {}
    this.role.addToPolicy(new PolicyStatement({ actions: NETWORK_ACTIONS, resources: ['*'] }))
    // Lambda itself attaches the function. The function's own code must not: only then is this key in the request.
    this.role.addToPolicy(
      new PolicyStatement({
        effect: Effect.DENY,
        actions: NETWORK_ACTIONS,
        resources: ['*'],
        conditions: { Null: { 'lambda:SourceFunctionArn': 'false' } },
      }),
    )
    this.#acknowledge(NETWORK_REASON)
    const { vpc, subnets, securityGroup } = network
    return { vpc, securityGroups: [securityGroup], ...(subnets === undefined ? {} : { vpcSubnets: subnets }) }
  }

  #acknowledge(reason: string): void {
    Validations.of(this.role).acknowledge({ id: 'AwsSolutions-IAM5[Resource::*]', reason })
  }
}

const TRACING_REASON = 'xray:PutTraceSegments and xray:PutTelemetryRecords know no resource: IAM takes "*" only'

const NETWORK_REASON =
  'Lambda checks these EC2 actions on any interface before it attaches a function to a VPC; the code of the function is denied them'

/** Not CDK's own `SqsDestination`: it also lets the function read the queue's attributes. */
function failedEventsTo(queue: IQueue): IDestination {
  return {
    bind(_scope, fn) {
      queue.grant(fn, 'sqs:SendMessage')
      return { destination: queue.queueArn }
    },
  }
}
