import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { App } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { commandContext } from '../../infra/assembly.ts'
import { INITIAL_POLICY } from '../../infra/initial-policy.ts'
import { ExampleStack, type ExampleStackProps } from '../../infra/stack.ts'
import { METRICS, type MetricName } from '../../lib/events.ts'
import { metricsObserver } from '../../lib/lambda/metrics.ts'
import { parsePolicy } from '../../lib/policy/document.ts'
import { captureStdout, only } from '../lambda/metrics-lines.ts'

const outdirs: string[] = []
after(() => {
  for (const outdir of outdirs) rmSync(outdir, { recursive: true, force: true })
})

/** The template under cdk.json's flags, without building the function: `synth.test.ts` does that. */
function synthesized(props: ExampleStackProps = {}): Template {
  const outdir = mkdtempSync(join(tmpdir(), 'pinned-fetch-stack-'))
  outdirs.push(outdir)
  const app = new App({ outdir, postCliContext: { ...commandContext(), 'aws:cdk:bundling-stacks': [] } })
  return Template.fromStack(new ExampleStack(app, 'Example', props))
}

const template = synthesized()

function resourcesOf(type: string): [logicalId: string, properties: Record<string, unknown>][] {
  return Object.entries(template.findResources(type)).map(([id, resource]) => [id, resource['Properties']])
}

describe('the role', () => {
  test('may read the current version of this secret and write to its own log group, nothing else', () => {
    const [secretId] = only(resourcesOf('AWS::SecretsManager::Secret'))
    const [logGroupId] = only(resourcesOf('AWS::Logs::LogGroup'))
    const [, policy] = only(resourcesOf('AWS::IAM::Policy'))
    assert.deepEqual(policy['PolicyDocument'], {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          Resource: { 'Fn::GetAtt': [logGroupId, 'Arn'] },
        },
        {
          Effect: 'Allow',
          Action: 'secretsmanager:GetSecretValue',
          Resource: { Ref: secretId },
          Condition: { 'ForAnyValue:StringEquals': { 'secretsmanager:VersionStage': ['AWSCURRENT'] } },
        },
      ],
    })
    const [, role] = only(resourcesOf('AWS::IAM::Role'))
    assert.deepEqual(Object.keys(role), ['AssumeRolePolicyDocument'])
  })
})

describe('the secret', () => {
  test('starts with a valid policy through which nothing gets', () => {
    const [, properties] = only(resourcesOf('AWS::SecretsManager::Secret'))
    assert.equal(properties['SecretString'], INITIAL_POLICY)
    const policy = parsePolicy(JSON.parse(INITIAL_POLICY))
    assert.equal(policy.default, 'deny')
    const { pattern, mode, pins } = only([...policy.hosts.entries()])
    assert.equal(pattern.text, 'api.partner.example')
    assert.equal(mode, 'enforce')
    assert.equal(only(pins ?? []).sha256, Buffer.alloc(32).toString('base64'))
  })

  test('is never written again by a deployment, whatever the settings: rotated pins stay', () => {
    const first = template.findResources('AWS::SecretsManager::Secret')
    const again = synthesized().findResources('AWS::SecretsManager::Secret')
    const other = synthesized({ partnerUrl: 'https://other.example/' }).findResources('AWS::SecretsManager::Secret')
    assert.deepEqual(again, first)
    assert.deepEqual(other, first)
    // Typed out on purpose: an edit of the placeholder must fail here (see infra/initial-policy.ts).
    assert.equal(
      INITIAL_POLICY,
      '{"version":1,"default":"deny","hosts":{"api.partner.example":{"pins":[{"sha256":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","name":"placeholder: replace with real pins"}]}}}',
    )
  })

  test('outlives the stack', () => {
    template.hasResource('AWS::SecretsManager::Secret', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
  })
})

describe('the function', () => {
  test('runs on Node 24 on ARM, logs JSON to its own group, and knows its secret by ARN', () => {
    const [secretId] = only(resourcesOf('AWS::SecretsManager::Secret'))
    const [logGroupId] = only(resourcesOf('AWS::Logs::LogGroup'))
    template.hasResourceProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: logGroupId } },
      Environment: {
        Variables: {
          PIN_SECRET_ID: { Ref: secretId },
          PARTNER_URL: 'https://api.partner.example/v1/quotes',
          POWERTOOLS_SERVICE_NAME: 'Example',
        },
      },
    })
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 90 })
  })

  test('is the only one: nothing runs that this repository did not write', () => {
    template.resourceCountIs('AWS::Lambda::Function', 1)
  })
})

describe('the alarms', () => {
  const alarms = resourcesOf('AWS::CloudWatch::Alarm').map(([, properties]) => properties)

  test('watch blocked calls, refused hosts and failed refreshes, at the first within a minute', () => {
    const names = alarms.map((alarm) => alarm['MetricName'])
    assert.deepEqual(names.sort(), ['HostRefused', 'PinFailure', 'PolicyRefreshFailure'])
    template.allResourcesProperties('AWS::CloudWatch::Alarm', {
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
    })
  })

  test('watch exactly what the function under its service name writes: namespace, dimensions, unit', () => {
    const { Variables } = only(resourcesOf('AWS::Lambda::Function'))[1]['Environment'] as {
      Variables: { POWERTOOLS_SERVICE_NAME: string }
    }
    const observe = metricsObserver({ service: Variables.POWERTOOLS_SERVICE_NAME })
    const event = {
      type: 'policy-refresh-failed',
      source: 's',
      code: 'C',
      message: 'm',
      ageSeconds: undefined,
    } as const
    const line = JSON.parse(only(captureStdout(() => observe(event))))
    const { Namespace, Dimensions } = line._aws.CloudWatchMetrics[0]
    assert.ok(Dimensions.some((set: string[]) => set.join() === 'service'))
    for (const alarm of alarms) {
      assert.equal(alarm['Namespace'], Namespace)
      assert.deepEqual(alarm['Dimensions'], [{ Name: 'service', Value: line.service }])
      assert.equal(alarm['Unit'], METRICS[alarm['MetricName'] as MetricName].unit)
    }
  })

  test('say what to do, in the length that CloudWatch takes', () => {
    for (const { AlarmDescription } of alarms) {
      assert.ok(typeof AlarmDescription === 'string' && AlarmDescription.length <= 1024)
      assert.match(AlarmDescription, /Find the log lines/)
    }
  })

  test('can reach their topic: its own policy lets this account’s alarms publish, and refuses plain HTTP', () => {
    const [topicId] = only(resourcesOf('AWS::SNS::Topic'))
    template.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: [{ Ref: topicId }] })
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
