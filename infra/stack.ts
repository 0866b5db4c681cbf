/**
 * The example, deployed: a secret with the pins, the function that calls through them, and alarms that say so when a
 * call was refused. For any account and region; nothing is looked up.
 */

import { fileURLToPath } from 'node:url'
import { ArnFormat, CfnOutput, Duration, RemovalPolicy, SecretValue, Stack, type StackProps } from 'aws-cdk-lib'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda'
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { Topic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import { GuardAlarms } from './alarms.ts'
import { BUNDLING } from './bundling.ts'
import { INITIAL_POLICY } from './initial-policy.ts'

export interface ExampleStackProps extends StackProps {
  /**
   * The API that the function calls.
   *
   * @default - an address that can't exist (RFC 2606)
   */
  readonly partnerUrl?: string
}

const DEFAULT_PARTNER_URL = 'https://api.partner.example/v1/quotes'

const PROJECT_ROOT = fileURLToPath(new URL('..', import.meta.url))

export class ExampleStack extends Stack {
  constructor(scope: Construct, id: string, props: ExampleStackProps = {}) {
    super(scope, id, props)
    const secret = this.#secret()
    const handler = this.#function(secret, props.partnerUrl ?? DEFAULT_PARTNER_URL)
    const topic = this.#topic()
    new GuardAlarms(this, 'Alarms', { service: this.stackName, topic })

    new CfnOutput(this, 'SecretArn', { value: secret.secretArn, description: 'Put the pins here' })
    new CfnOutput(this, 'FunctionName', { value: handler.functionName, description: 'Invoke this' })
    new CfnOutput(this, 'TopicArn', { value: topic.topicArn, description: 'Subscribe here to hear the alarms' })
  }

  #secret(): Secret {
    return new Secret(this, 'Pins', {
      description: `Pins of ${this.stackName}: which keys its partners may show`,
      // In plain sight in the template: a pin is the hash of a public key.
      secretStringValue: SecretValue.unsafePlainText(INITIAL_POLICY),
      // Rotated pins exist nowhere else; a renamed construct or a deleted stack must not take them along.
      removalPolicy: RemovalPolicy.RETAIN,
    })
  }

  #function(secret: Secret, partnerUrl: string): NodejsFunction {
    const logGroup = new LogGroup(this, 'Logs', { retention: RetentionDays.THREE_MONTHS })
    // A role of our own: the managed policy that CDK would attach may write to every log group of the account.
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
    logGroup.grantWrite(role)
    // Not `secret.grantRead`: it adds DescribeSecret, which is not needed.
    role.addToPolicy(
      new PolicyStatement({
        actions: ['secretsmanager:GetSecretValue'],
        resources: [secret.secretArn],
        conditions: { 'ForAnyValue:StringEquals': { 'secretsmanager:VersionStage': ['AWSCURRENT'] } },
      }),
    )
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
      environment: {
        PIN_SECRET_ID: secret.secretArn,
        PARTNER_URL: partnerUrl,
        POWERTOOLS_SERVICE_NAME: this.stackName,
      },
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
