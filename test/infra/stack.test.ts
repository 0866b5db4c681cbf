/**
 * The example: what it deploys besides its guard (outbound-guard.test.ts), and that a reviewer's tool has nothing to say.
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type App, Duration, Validations } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2'
import { Schedule } from 'aws-cdk-lib/aws-events'
import { Role } from 'aws-cdk-lib/aws-iam'
import { AwsSolutionsChecks } from 'cdk-nag'
import { OutboundGuard } from '../../infra/outbound-guard.ts'
import { ExampleStack, type ExampleStackProps } from '../../infra/stack.ts'
import { parsePolicy } from '../../lib/policy/document.ts'
import { lintPolicy } from '../../lib/policy/lint.ts'
import { guarded, idOf, newApp, POLICY, ROLE_ARN, single, statementsOf } from './synthesis.ts'

function synthesized(props: ExampleStackProps = {}): { stack: ExampleStack; template: Template } {
  const stack = new ExampleStack(newApp(), 'Example', props)
  return { stack, template: Template.fromStack(stack) }
}

const { stack, template } = synthesized()

describe('the example function', () => {
  const [id, fn] = Object.entries(template.findResources('AWS::Lambda::Function')).find(([name]) =>
    name.startsWith('Example'),
  ) ?? ['', {}]

  test('runs on Node 24 on ARM, logs JSON to its own group, and knows its secret by ARN', () => {
    const [secretId] = single(template, 'AWS::SecretsManager::Secret')
    const { Runtime, Architectures, Handler, LoggingConfig, Environment } = fn['Properties']
    assert.deepEqual([Runtime, Architectures, Handler], ['nodejs24.x', ['arm64'], 'index.handler'])
    assert.equal(LoggingConfig.LogFormat, 'JSON')
    assert.deepEqual(Environment.Variables, {
      PARTNER_URL: 'https://api.partner.example/v1/quotes',
      PINNED_FETCH_SECRET_ID: { Ref: secretId },
      POWERTOOLS_SERVICE_NAME: 'Example',
    })
  })

  test('may read the current pins and write to its own log group, nothing else', () => {
    const role = idOf(stack.node.findChild('Role') as never)
    const allowed = statementsOf(template, role).map(({ Action, Resource }) => [Action, JSON.stringify(Resource)])
    assert.deepEqual(
      allowed.map(([actions]) => actions),
      [['logs:CreateLogStream', 'logs:PutLogEvents'], 'secretsmanager:GetSecretValue', 'kms:Decrypt'],
    )
    assert.ok(allowed.every(([, resource]) => !resource?.includes('*')))
    assert.deepEqual(Object.keys(template.findResources('AWS::IAM::Role')[role]?.['Properties'] ?? {}), [
      'AssumeRolePolicyDocument',
    ])
  })

  test('is deployed with nothing that this repository did not write', () => {
    const functions = Object.keys(template.findResources('AWS::Lambda::Function'))
    assert.ok(functions.includes(id))
    assert.deepEqual(functions.map((name) => name.replace(/[0-9A-F]{8}$/, '')).sort(), [
      'Example',
      'GuardInitialValueWriterFunction',
      'GuardProbeProberFunction',
    ])
  })
})

describe('the secret of the example', () => {
  test('starts with a valid policy through which nothing gets, and against which nothing can be said', () => {
    const [, { Policy }] = single(template, 'Custom::PinnedFetchInitialPolicy')
    const policy = parsePolicy(JSON.parse(String(Policy)))
    assert.equal(policy.default, 'deny')
    const [entry, ...others] = [...policy.hosts.entries()]
    assert.deepEqual(others, [])
    assert.equal(entry?.pattern.text, 'api.partner.example')
    assert.equal(entry?.mode, 'enforce')
    assert.deepEqual(
      entry?.pins?.map(({ sha256 }) => sha256),
      [0, 1].map((byte) => Buffer.alloc(32, byte).toString('base64')),
    )
    assert.deepEqual(lintPolicy(policy), [])
  })

  test('stays as it is, whatever the settings: rotated pins stay', () => {
    const first = template.findResources('AWS::SecretsManager::Secret')
    const other = synthesized({
      partnerUrl: 'https://other.example/',
      policy: { 'a.example': ['sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='] },
    })
    assert.deepEqual(other.template.findResources('AWS::SecretsManager::Secret'), first)
  })
})

describe('the alarms of the example', () => {
  test('can reach their topic: its own policy lets this account’s alarms publish, and refuses plain HTTP', () => {
    const [topicId] = single(template, 'AWS::SNS::Topic')
    template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      Topics: [{ Ref: topicId }],
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          Match.objectLike({
            Effect: 'Allow',
            Action: 'sns:Publish',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Condition: Match.objectLike({ StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } }),
          }),
        ]),
      },
    })
  })
})

interface Report {
  readonly pluginReports: readonly {
    readonly pluginName: string
    readonly violations: readonly { readonly ruleName: string; readonly violatingConstructs: readonly unknown[] }[]
  }[]
}

/** What cdk-nag's AwsSolutions pack finds in an app. */
function nagged(app: App): readonly string[] {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  let thrown = false
  try {
    app.synth()
  } catch {
    thrown = true
  }
  const { pluginReports } = JSON.parse(readFileSync(join(app.outdir, 'validation-report.json'), 'utf8')) as Report
  const names = pluginReports.flatMap(({ violations }) => violations.map(({ ruleName }) => ruleName))
  assert.equal(thrown, names.length > 0)
  return names
}

/** Takes back what was acknowledged, to see that the tool would have had something to say. */
function withoutReasons(example: ExampleStack): void {
  for (const construct of example.node.findAll()) {
    const metadata = construct.node as unknown as { _metadata?: { type: string }[] }
    if (Array.isArray(metadata._metadata)) {
      metadata._metadata = metadata._metadata.filter(({ type }) => type !== Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    }
  }
}

describe('cdk-nag', () => {
  test('finds nothing in the example that is not acknowledged with a reason', () => {
    const app = newApp()
    new ExampleStack(app, 'Example')
    assert.deepEqual(nagged(app), [])
  })

  test('finds nothing in a guard that has everything', () => {
    const { app, stack } = guarded({ service: 'plain' })
    const vpc = new Vpc(stack, 'Vpc') as IVpc
    Validations.of(vpc).acknowledge({ id: 'AwsSolutions-VPC7', reason: 'a VPC of this test' })
    new OutboundGuard(stack, 'Full', {
      policy: POLICY,
      vpc,
      probeInVpc: true,
      tracing: true,
      rotationSchedule: Schedule.rate(Duration.days(7)),
      writers: [Role.fromRoleArn(stack, 'Ci', ROLE_ARN)],
    })
    assert.deepEqual(nagged(app), [])
  })

  test('was asked: without the reasons it finds something', () => {
    const app = newApp()
    withoutReasons(new ExampleStack(app, 'Example'))
    assert.deepEqual([...new Set(nagged(app))].sort(), ['AwsSolutions-SMG4', 'AwsSolutions-SQS3'])
  })
})
