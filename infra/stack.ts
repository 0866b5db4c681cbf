/**
 * The example, deployed: a function that calls a partner, and the guard over it. For any account and region; nothing is
 * looked up.
 */

import { fileURLToPath } from 'node:url'
import { ArnFormat, CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda'
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Topic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import { BUNDLING } from './bundling.ts'
import { OutboundGuard } from './outbound-guard.ts'
import type { PolicyObject } from './policy-input.ts'

export interface ExampleStackProps extends StackProps {
  /**
   * The API that the function calls.
   *
   * @default - an address that can't exist (RFC 2606)
   */
  readonly partnerUrl?: string

  /**
   * The pins to begin with.
   *
   * @default - a valid policy through which nothing gets
   */
  readonly policy?: string | PolicyObject

  /**
   * The name of the role that changes the pins (`pinned-fetch push`, `rotate`).
   *
   * @default - nobody may change them
   */
  readonly writerRoleName?: string
}

const DEFAULT_PARTNER_URL = 'https://api.partner.example/v1/quotes'

/** It names a host that can't exist with pins that no key has, and denies all others. */
const PLACEHOLDER = {
  version: 1,
  default: 'deny',
  hosts: {
    'api.partner.example': {
      pins: [
        { sha256: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', name: 'placeholder: replace with real pins' },
        { sha256: 'AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=', name: 'placeholder: and a backup' },
      ],
    },
  },
}

const PROJECT_ROOT = fileURLToPath(new URL('..', import.meta.url))

export class ExampleStack extends Stack {
  readonly guard: OutboundGuard

  constructor(scope: Construct, id: string, props: ExampleStackProps = {}) {
    super(scope, id, props)
    const { partnerUrl = DEFAULT_PARTNER_URL, policy = PLACEHOLDER, writerRoleName } = props
    const writers = writerRoleName === undefined ? [] : [Role.fromRoleName(this, 'Writer', writerRoleName)]
    const topic = this.#topic()
    const handler = this.#function(partnerUrl)
    this.guard = new OutboundGuard(this, 'Guard', { policy, writers, alarmTopic: topic }).protect(handler)

    new CfnOutput(this, 'SecretArn', { value: this.guard.secret.secretArn, description: 'Pins are changed here' })
    new CfnOutput(this, 'FunctionName', { value: handler.functionName, description: 'Invoke this' })
    new CfnOutput(this, 'ProbeName', { value: this.guard.probe.functionName, description: 'Asks the hosts now' })
    new CfnOutput(this, 'TopicArn', { value: topic.topicArn, description: 'Subscribe here to hear the alarms' })
  }

  #function(partnerUrl: string): NodejsFunction {
    const logGroup = new LogGroup(this, 'Logs', { retention: RetentionDays.THREE_MONTHS })
    // A role of our own: the managed policy that CDK would attach may write to every log group of the account.
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
    logGroup.grantWrite(role)
    return new NodejsFunction(this, 'Example', {
      description: 'Calls a partner through a pinned fetch',
      projectRoot: PROJECT_ROOT,
      depsLockFilePath: `${PROJECT_ROOT}package-lock.json`,
      entry: `${PROJECT_ROOT}functions/example.ts`,
      bundling: BUNDLING,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 512,
      timeout: Duration.seconds(30),
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      environment: { PARTNER_URL: partnerUrl },
    })
  }

  #topic(): Topic {
    const topic = new Topic(this, 'AlarmTopic', { enforceSSL: true })
    // A topic with a policy of its own (enforceSSL) loses the default one, which let alarms of this account publish.
    topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': this.account },
          ArnLike: { 'aws:SourceArn': this.#alarmArns() },
        },
      }),
    )
    return topic
  }

  #alarmArns(): string {
    return this.formatArn({
      service: 'cloudwatch',
      resource: 'alarm',
      resourceName: '*',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    })
  }
}
