/**
 * What a guard deploys besides its secret: functions and their schedules, and nothing that is allowed too much.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Aspects, CfnResource, Duration, Stack, Tags } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2'
import { Schedule } from 'aws-cdk-lib/aws-events'
import { ManagedPolicy, PermissionsBoundary, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import type { IConstruct } from 'constructs'
import { OutboundGuard } from '../../infra/outbound-guard.ts'
import { METRIC_NAMESPACE, METRICS, type MetricName } from '../../lib/events.ts'
import { allStatements, customerFunction, guarded, idOf, newApp, POLICY, single, statementsOf } from './synthesis.ts'

const ENVIRONMENT = { env: { account: '111111111111', region: 'eu-central-1' } }

describe('the functions of a guard', () => {
  const { guard, template: templateOf } = guarded({
    rotationSchedule: Schedule.rate(Duration.days(7)),
    approval: 'automatic',
  })
  const template = templateOf()
  const actionsOf = (role: string) =>
    statementsOf(template, role)
      .flatMap(({ Action }) => Action)
      .filter((action) => !/^(logs|sqs|kms):/.test(action))

  it('each have what they need, and nothing of the others', () => {
    const roles = Object.keys(template.findResources('AWS::IAM::Role'))
    const actions = Object.fromEntries(roles.map((role) => [role.replace(/Role.*/, ''), actionsOf(role)]))
    const put = [
      'secretsmanager:DescribeSecret',
      'secretsmanager:PutSecretValue',
      'secretsmanager:UpdateSecretVersionStage',
    ]
    assert.deepEqual(actions, {
      GuardInitialValueWriter: put,
      GuardProbeProber: ['secretsmanager:GetSecretValue'],
      GuardRotationRotator: [...put, 'secretsmanager:GetSecretValue'].sort(),
    })
  })

  it('run on Node 24 on ARM, log JSON to a group of their own for three months, and reserve one execution', () => {
    template.resourceCountIs('AWS::Lambda::Function', 3)
    template.allResourcesProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      ReservedConcurrentExecutions: 1,
      LoggingConfig: Match.objectLike({ LogFormat: 'JSON' }),
      Environment: {
        Variables: Match.objectLike({
          PINNED_FETCH_SECRET_ID: { Ref: single(template, 'AWS::SecretsManager::Secret')[0] },
          POWERTOOLS_SERVICE_NAME: 'Test',
        }),
      },
    })
    template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 90 })
    template.resourceCountIs('AWS::Logs::LogGroup', 3)
  })

  it('leave what they failed on in a queue that is encrypted and takes TLS only', () => {
    const [queueId] = single(template, 'AWS::SQS::Queue')
    template.allResourcesProperties('AWS::Lambda::EventInvokeConfig', {
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [queueId, 'Arn'] } } },
    })
    template.resourceCountIs('AWS::Lambda::EventInvokeConfig', 3)
    template.hasResourceProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 })
    template.hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        ]),
      },
    })
    assert.equal(guard.failedEvents.node.path, 'Test/Guard/FailedEvents')
  })

  it('probe once a day, tried three times, and by this rule alone', () => {
    const [ruleId, rule] = single(template, 'AWS::Events::Rule')
    const [queueId] = single(template, 'AWS::SQS::Queue')
    assert.equal(rule['ScheduleExpression'], 'rate(1 day)')
    const [target] = rule['Targets'] as Record<string, unknown>[]
    assert.deepEqual(target?.['RetryPolicy'], { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 3 })
    assert.deepEqual(target?.['DeadLetterConfig'], { Arn: { 'Fn::GetAtt': [queueId, 'Arn'] } })
    template.hasResourceProperties('AWS::Lambda::Permission', {
      Principal: 'events.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': [ruleId, 'Arn'] },
    })
  })

  it('rotate on their schedule, called by Secrets Manager for this secret only, never because of a deployment', () => {
    const [secretId] = single(template, 'AWS::SecretsManager::Secret')
    template.hasResourceProperties('AWS::SecretsManager::RotationSchedule', {
      SecretId: { Ref: secretId },
      RotationRules: { ScheduleExpression: 'rate(7 days)' },
      RotateImmediatelyOnUpdate: false,
    })
    template.hasResourceProperties('AWS::Lambda::Permission', {
      Principal: 'secretsmanager.amazonaws.com',
      Action: 'lambda:InvokeFunction',
      SourceArn: { Ref: secretId },
      SourceAccount: { Ref: 'AWS::AccountId' },
    })
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ PINNED_FETCH_APPROVAL: 'automatic' }) },
    })
  })

  it('rotate only once there is something to rotate', () => {
    const [schedule] = Object.values(template.findResources('AWS::SecretsManager::RotationSchedule'))
    assert.ok(schedule?.['DependsOn'].includes(idOfType(template, 'Custom::PinnedFetchInitialPolicy')))
  })

  it('ask for approval unless told otherwise, and do not rotate at all without a schedule', () => {
    const asked = guarded({ rotationSchedule: Schedule.rate(Duration.days(7)) }).template()
    asked.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ PINNED_FETCH_APPROVAL: 'required' }) },
    })
    const without = guarded()
    without.template().resourceCountIs('AWS::SecretsManager::RotationSchedule', 0)
    without.template().resourceCountIs('AWS::Lambda::Function', 2)
    assert.equal(without.guard.rotation, undefined)
  })

  it('take what they are told: hosts, period, retention, concurrency, tracing, keys', async () => {
    const { generateKeyPairSync } = await import('node:crypto')
    const pem = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const signed = {
      protected: 'e30',
      payload: Buffer.from(JSON.stringify(POLICY)).toString('base64url'),
      signature: 'x',
    }
    const told = guarded({
      policy: signed,
      service: 'quotes',
      verifyKeys: [pem, pem],
      probeHosts: ['a.bank.example', 'b.bank.example:8443'],
      probeSchedule: Duration.hours(6),
      logRetention: RetentionDays.ONE_YEAR,
      reservedConcurrency: false,
      tracing: true,
    }).template()
    told.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(6 hours)' })
    told.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 365 })
    told.allResourcesProperties('AWS::Lambda::Function', {
      ReservedConcurrentExecutions: Match.absent(),
      TracingConfig: { Mode: 'Active' },
      Environment: {
        Variables: Match.objectLike({
          POWERTOOLS_SERVICE_NAME: 'quotes',
          PINNED_FETCH_VERIFY_KEYS: `${pem.trim()}\n${pem.trim()}`,
        }),
      },
    })
    told.hasResourceProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: Match.objectLike({ PINNED_FETCH_PROBE_HOSTS: '["a.bank.example","b.bank.example:8443"]' }),
      },
    })
  })

  it('are told hosts only, so that none of them ends at its start over another thing', () => {
    for (const host of ['https://eu.shops.partner.example/', 'a b', '*.partner.example', 'a.example:99999', '']) {
      assert.throws(() => guarded({ probeHosts: ['a.bank.example', host] }), /"probeHosts" holds .* which is no host/)
    }
    const probeHosts = ['a.bank.example', 'b.bank.example:8443', '192.0.2.1', '2001:db8::1', '[2001:db8::1]:8443']
    assert.ok(guarded({ probeHosts }).guard.probe)
  })

  it('rotate no more often than Secrets Manager does', () => {
    const rotationSchedule = (duration: Duration) => ({ rotationSchedule: Schedule.rate(duration) })
    for (const often of [Duration.minutes(5), Duration.hours(3), Duration.minutes(250)]) {
      assert.throws(() => guarded(rotationSchedule(often)), /give whole hours, at least 4, or days/)
    }
    for (const seldom of [Duration.hours(4), Duration.minutes(240), Duration.days(1)]) {
      guarded(rotationSchedule(seldom)).template().resourceCountIs('AWS::SecretsManager::RotationSchedule', 1)
    }
  })

  it('fail within sight of somebody: their errors and the queue are watched', () => {
    const failed = Object.values(template.findResources('AWS::CloudWatch::Alarm'))
      .filter(({ Properties }) => /^AWS\//.test(String(Properties.Namespace)))
      .map(({ Properties }) => `${Properties.MetricName} ${JSON.stringify(Properties.Dimensions[0].Value)}`)
    const { rotation } = guard
    const functionOf = (fn: unknown) => `Errors ${JSON.stringify({ Ref: idOf(fn as never) })}`
    const [queueId] = single(template, 'AWS::SQS::Queue')
    const waiting = JSON.stringify({ 'Fn::GetAtt': [queueId, 'QueueName'] })
    assert.deepEqual(
      failed.sort(),
      [functionOf(guard.probe), functionOf(rotation), `ApproximateNumberOfMessagesVisible ${waiting}`].sort(),
    )
    const without = guarded().template()
    assert.equal(
      Object.keys(without.findResources('AWS::CloudWatch::Alarm')).some((id) => /Rotation/.test(id)),
      false,
    )
  })

  it('stay outside of the VPC of the calls, unless the hosts are in there', () => {
    const { stack } = guarded()
    const vpc = new Vpc(stack, 'Vpc') as IVpc
    const outside = new OutboundGuard(stack, 'Outside', { policy: POLICY, service: 'a', vpc })
    const inside = new OutboundGuard(stack, 'Inside', { policy: POLICY, service: 'b', vpc, probeInVpc: true })
    const template = Template.fromStack(stack)
    const functions = template.findResources('AWS::Lambda::Function')
    assert.equal(functions[idOf(outside.probe as never)]?.['Properties'].VpcConfig, undefined)
    const { SecurityGroupIds, SubnetIds } = functions[idOf(inside.probe as never)]?.['Properties'].VpcConfig ?? {}
    assert.match(JSON.stringify(SecurityGroupIds), /InsideLockdownGroup/)
    assert.equal(SubnetIds.length, 2)
    assert.throws(() => guarded({ probeInVpc: true }), /"probeInVpc" needs "vpc"/)
  })
})

describe('no policy of the template', () => {
  const { stack, guard, template } = guarded({ tracing: true, rotationSchedule: Schedule.rate(Duration.days(7)) })
  const vpc = new Vpc(stack, 'Vpc') as IVpc
  new OutboundGuard(stack, 'Other', { policy: POLICY, service: 'other', vpc, probeInVpc: true })
  guard.grantWrite(new Role(stack, 'Ci', { assumedBy: new ServicePrincipal('codebuild.amazonaws.com') }))
  const own = () => allStatements(template()).filter(({ where }) => /Guard|Other|Ci/.test(where))

  /** Actions that know no resource: IAM takes "*" for them only. */
  const WITHOUT_RESOURCE = /^(xray:Put(TraceSegments|TelemetryRecords)|ec2:\w+)$/

  it('allows a wildcard: of actions, of principals, of resources', () => {
    const allowed = own().filter(({ statement }) => statement.Effect === 'Allow')
    assert.ok(allowed.length > 20, `${allowed.length} statements`)
    for (const { where, statement } of allowed) {
      const actions = [statement.Action].flat()
      assert.deepEqual(
        actions.filter((action) => action.includes('*')),
        [],
        where,
      )
      assert.doesNotMatch(JSON.stringify(statement.Principal ?? ''), /"\*"/, where)
      // Of a key's own policy "*" is the key that it hangs on.
      if (actions.every((action) => WITHOUT_RESOURCE.test(action)) || /Key/.test(where)) continue
      assert.doesNotMatch(JSON.stringify(statement.Resource ?? ''), /\*/, where)
    }
  })

  it('leaves to the code of a function what Lambda itself needs for the VPC', () => {
    const denied = own().filter(
      ({ statement }) => statement.Effect === 'Deny' && JSON.stringify(statement.Action).includes('ec2:'),
    )
    assert.ok(denied.length > 0)
    for (const { statement } of denied) {
      assert.deepEqual(statement.Condition, { Null: { 'lambda:SourceFunctionArn': 'false' } })
    }
  })
})

describe('what an organisation puts over a stack', () => {
  it('a permissions boundary is on every role', () => {
    const { stack, guard, template } = guarded({ rotationSchedule: Schedule.rate(Duration.days(7)) })
    guard.protect(customerFunction(stack))
    PermissionsBoundary.of(stack).apply(
      ManagedPolicy.fromManagedPolicyArn(stack, 'Boundary', 'arn:aws:iam::111111111111:policy/boundary'),
    )
    template().allResourcesProperties('AWS::IAM::Role', {
      PermissionsBoundary: 'arn:aws:iam::111111111111:policy/boundary',
    })
    template().resourceCountIs('AWS::IAM::Role', 4)
  })

  it('aspects and tags reach what the guard makes', () => {
    const { stack, template } = guarded()
    const seen: string[] = []
    Aspects.of(stack).add({
      visit: (node: IConstruct) => {
        if (node instanceof CfnResource) seen.push(node.cfnResourceType)
      },
    })
    Tags.of(stack).add('owner', 'payments')
    template().hasResourceProperties('AWS::SecretsManager::Secret', { Tags: [{ Key: 'owner', Value: 'payments' }] })
    template().hasResourceProperties('AWS::Lambda::Function', { Tags: [{ Key: 'owner', Value: 'payments' }] })
    assert.ok(seen.includes('AWS::KMS::Key') && seen.includes('AWS::Lambda::Function'))
  })
})

describe('a secret that exists already', () => {
  const ARN = 'arn:aws:secretsmanager:eu-central-1:111111111111:secret:prod/pins-AbCdEf'

  it('keeps its key, its policy and its value: only grants are made', () => {
    const app = newApp()
    const stack = new Stack(app, 'Test', ENVIRONMENT)
    const encryptionKey = Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-central-1:111111111111:key/1')
    const policy = Secret.fromSecretAttributes(stack, 'Existing', { secretCompleteArn: ARN, encryptionKey })
    const guard = new OutboundGuard(stack, 'Guard', { policy })
    const fn = customerFunction(stack)
    guard.protect(fn)
    const template = Template.fromStack(stack)
    for (const type of ['AWS::KMS::Key', 'AWS::SecretsManager::Secret', 'AWS::SecretsManager::ResourcePolicy']) {
      template.resourceCountIs(type, 0)
    }
    template.resourceCountIs('Custom::PinnedFetchInitialPolicy', 0)
    const statements = statementsOf(template, idOf(fn.role as Role))
    assert.deepEqual(
      statements.map(({ Action, Resource }) => [Action, Resource]),
      [
        ['secretsmanager:GetSecretValue', ARN],
        ['kms:Decrypt', 'arn:aws:kms:eu-central-1:111111111111:key/1'],
      ],
    )
    assert.equal(guard.secret, policy)
    assert.equal(guard.encryptionKey, encryptionKey)
  })

  it('of which the name alone is known is granted by the form that AWS gives an ARN, and the key is asked for', () => {
    const stack = new Stack(newApp(), 'Test', ENVIRONMENT)
    const guard = new OutboundGuard(stack, 'Guard', { policy: Secret.fromSecretNameV2(stack, 'Named', 'prod/pins') })
    const fn = customerFunction(stack)
    guard.protect(fn)
    const [statement] = statementsOf(Template.fromStack(stack), idOf(fn.role as Role))
    assert.match(JSON.stringify(statement?.Resource), /secret:prod\/pins-\?{6}/)
    const messages = guard.node.children.flatMap(({ node }) => node.metadata.map(({ data }) => String(data)))
    assert.ok(messages.some((message) => message.includes('pinned-fetch:unknown-key')))
  })

  it('of which the name alone is known is rotated: Secrets Manager may call, under the ARN that the secret has', () => {
    const stack = new Stack(newApp(), 'Test', ENVIRONMENT)
    const policy = Secret.fromSecretNameV2(stack, 'Named', 'prod/pins')
    new OutboundGuard(stack, 'Guard', { policy, rotationSchedule: Schedule.rate(Duration.days(7)) })
    const [permission] = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Permission')).filter(
      ({ Properties }) => Properties.Principal === 'secretsmanager.amazonaws.com',
    )
    assert.match(JSON.stringify(permission?.['Properties'].SourceArn), /:secret:prod\/pins-\?{6}/)
  })

  it('is not replicated from here', () => {
    const stack = new Stack(newApp(), 'Test')
    const policy = Secret.fromSecretCompleteArn(stack, 'Existing', ARN)
    assert.throws(
      () => new OutboundGuard(stack, 'Guard', { policy, replicaRegions: [{ region: 'eu-west-1' }] }),
      /replicaRegions.*where it is defined/,
    )
  })
})

describe('two guards of one stack', () => {
  it('have a service each, or nobody knew whose calls an alarm is about', () => {
    const { app, stack } = guarded()
    assert.throws(
      () => new OutboundGuard(stack, 'Other', { policy: POLICY }),
      /Test\/Other: cannot watch the service "Test", Test\/Guard does: give one of the two a "service"/,
    )
    new OutboundGuard(stack, 'Third', { policy: POLICY, service: 'third' })
    new OutboundGuard(new Stack(app, 'Elsewhere'), 'Guard', { policy: POLICY, service: 'third' })
  })
})

describe('the metrics of a guard', () => {
  it('have a method each, for its service', () => {
    const { guard } = guarded({ service: 'quotes' })
    for (const name of Object.keys(METRICS) as MetricName[]) {
      const method = guard[`metric${name}`]
      assert.equal(typeof method, 'function', name)
      const metric = method.call(guard, { period: Duration.minutes(1) })
      assert.equal(metric.namespace, METRIC_NAMESPACE)
      assert.equal(metric.metricName, name)
      assert.deepEqual(metric.dimensions, { service: 'quotes' })
      assert.equal(metric.period.toSeconds(), 60)
    }
  })
})

function idOfType(template: Template, type: string): string {
  return single(template, type)[0]
}
