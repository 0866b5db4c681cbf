/**
 * What `cdk` deploys for these tests: the example's function under a guard that has all its parts, and the role of whoever
 * changes the pins. `-c policy=<file>` names the pins to begin with, `-c partnerUrl=https://…` the API that is called.
 *
 * Beside the example of infra/ because that deploys no rotation function, and lets nobody read the secret who is not named
 * as a writer. `-c example=true` adds it, as it is.
 */

import { fileURLToPath } from 'node:url'
import { App, CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib'
import { Schedule } from 'aws-cdk-lib/aws-events'
import { AccountRootPrincipal, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda'
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Topic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import { BUNDLING } from '../../infra/bundling.ts'
import { OutboundGuard } from '../../infra/index.ts'
import { ExampleStack } from '../../infra/stack.ts'
import { EXAMPLE_STACK, STACK } from './stack.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

interface DeployedProps extends StackProps {
  readonly partnerUrl: string
  readonly policy: string
}

class DeployedStack extends Stack {
  constructor(scope: Construct, id: string, { partnerUrl, policy, ...props }: DeployedProps) {
    super(scope, id, props)
    const topic = new Topic(this, 'AlarmTopic', { enforceSSL: true })
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    )
    const operator = new Role(this, 'Operator', { assumedBy: new AccountRootPrincipal() })
    const logGroup = new LogGroup(this, 'Logs', { retention: RetentionDays.ONE_DAY })
    const fn = this.#function(partnerUrl, logGroup)
    const guard = new OutboundGuard(this, 'Guard', {
      policy,
      alarmTopic: topic,
      writers: [operator],
      rotationSchedule: Schedule.rate(Duration.days(30)),
    }).protect(fn)
    operator.addToPolicy(
      new PolicyStatement({ actions: ['secretsmanager:RotateSecret'], resources: [guard.secret.secretArn] }),
    )
    this.#tell(guard, {
      FunctionName: fn.functionName,
      LogGroupName: logGroup.logGroupName,
      OperatorArn: operator.roleArn,
      TopicArn: topic.topicArn,
    })
  }

  #function(partnerUrl: string, logGroup: LogGroup): NodejsFunction {
    return new NodejsFunction(this, 'Example', {
      projectRoot: ROOT,
      depsLockFilePath: `${ROOT}package-lock.json`,
      entry: `${ROOT}functions/example.ts`,
      bundling: BUNDLING,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 512,
      timeout: Duration.seconds(30),
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      environment: { PARTNER_URL: partnerUrl },
    })
  }

  /** What the story needs to know of the deployed system. */
  #tell(guard: OutboundGuard, names: Readonly<Record<string, string>>): void {
    const alarms = Object.fromEntries(
      (['PinFailure', 'CallsRefused', 'SomebodyInTheMiddle', 'ProbeRefused'] as const).map((name) => [
        `${name}Alarm`,
        guard.alarms.alarm(name)?.alarmName ?? '',
      ]),
    )
    const outputs = {
      ...names,
      ...alarms,
      SecretArn: guard.secret.secretArn,
      KeyArn: guard.encryptionKey?.keyArn ?? '',
      ProbeName: guard.probe.functionName,
      RotationName: guard.rotation?.functionName ?? '',
      Service: guard.service,
      LogGroupNames: this.#logGroupNames().join(','),
    }
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value })
  }

  #logGroupNames(): string[] {
    return this.node.findAll().flatMap((made) => (made instanceof LogGroup ? made.logGroupName : []))
  }
}

const app = new App()
const context = (name: string) => String(app.node.getContext(name))
const partnerUrl = context('partnerUrl')
new DeployedStack(app, STACK, { partnerUrl, policy: context('policy') })
if (app.node.tryGetContext('example') === 'true') new ExampleStack(app, EXAMPLE_STACK, { partnerUrl })
