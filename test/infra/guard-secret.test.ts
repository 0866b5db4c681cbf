/**
 * The secret of a guard and its key: what a deployment changes of them, who is let in, and by which grants.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CfnResource, Duration } from 'aws-cdk-lib'
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions'
import { Schedule } from 'aws-cdk-lib/aws-events'
import { AccountPrincipal, AnyPrincipal, ArnPrincipal, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { OutboundGuard } from '../../infra/outbound-guard.ts'
import {
  allStatements,
  customerFunction,
  FOREIGN_ROLE_ARN,
  guarded,
  idOf,
  PINS,
  POLICY,
  ROLE_ARN,
  type Statement,
  single,
  statementsOf,
} from './synthesis.ts'

const ENVIRONMENT = { env: { account: '111111111111', region: 'eu-central-1' } }

/** The policy that hangs on the secret, by the ids of its statements. */
function secretPolicy(template: Template): ReadonlyMap<string, Statement> {
  const [, { ResourcePolicy }] = single(template, 'AWS::SecretsManager::ResourcePolicy')
  const { Statement } = ResourcePolicy as { Statement: Statement[] }
  return new Map(Statement.map((statement) => [statement.Sid ?? '', statement]))
}

const arnsIn = ({ Condition }: Statement | undefined = { Effect: 'Deny', Action: [], Resource: '' }) =>
  Object.values(Condition ?? {}).flatMap((keys) => keys['aws:PrincipalArn'] as unknown[])

describe('the secret of a guard', () => {
  const { guard, template: templateOf } = guarded()
  const template = templateOf()
  const [secretId, secret] = single(template, 'AWS::SecretsManager::Secret')

  it('has no value in the template, and is retained', () => {
    assert.deepEqual(Object.keys(secret).sort(), ['Description', 'KmsKeyId'])
    template.hasResource('AWS::SecretsManager::Secret', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
  })

  it('gets its first value by a function, which is told the policy as it was given', () => {
    const [, { Policy, SecretId, ServiceTimeout }] = single(template, 'Custom::PinnedFetchInitialPolicy')
    assert.deepEqual(JSON.parse(String(Policy)), POLICY)
    assert.deepEqual(SecretId, { Ref: secretId })
    assert.equal(ServiceTimeout, '300')
  })

  it('is the same, property by property, under another policy: nothing is replaced, nothing is written', () => {
    const edited = { ...POLICY, serial: 2, hosts: { ...POLICY.hosts, 'api.other.example': { pins: PINS } } }
    const other = guarded({ policy: edited }).template()
    const before = template.toJSON()['Resources'] as Record<string, unknown>
    const after = other.toJSON()['Resources'] as Record<string, unknown>
    const changed = Object.keys(before).filter((id) => JSON.stringify(before[id]) !== JSON.stringify(after[id]))
    assert.deepEqual(Object.keys(after), Object.keys(before))
    assert.deepEqual(changed, [idOfType(template, 'Custom::PinnedFetchInitialPolicy')])
    // And that resource is not replaced: its function answers with the secret's ARN, which is the same.
    assert.deepEqual(after[secretId], before[secretId])
  })

  it('is encrypted with a key of its own that rotates and is retained', () => {
    const [keyId, key] = single(template, 'AWS::KMS::Key')
    assert.deepEqual(secret['KmsKeyId'], { 'Fn::GetAtt': [keyId, 'Arn'] })
    assert.equal(key['EnableKeyRotation'], true)
    template.hasResource('AWS::KMS::Key', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
    assert.ok(guard.encryptionKey)
  })

  it('has a key that is used through Secrets Manager alone, and whose managers can’t read', () => {
    const [, { KeyPolicy }] = single(template, 'AWS::KMS::Key')
    const [manage, use, ...others] = (KeyPolicy as { Statement: Statement[] }).Statement
    assert.deepEqual(others, [])
    assert.doesNotMatch(JSON.stringify(manage?.Action), /Decrypt|Encrypt|GenerateDataKey|CreateGrant|\*/)
    assert.deepEqual(use?.Action, [
      'kms:CreateGrant',
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey',
    ])
    assert.match(JSON.stringify(use?.Condition), /"kms:ViaService":.*secretsmanager\..*"kms:CallerAccount"/)
  })

  it('is replicated where it was asked for, under the key that was given', () => {
    const replicaKey = 'arn:aws:kms:eu-west-1:111111111111:key/11111111-2222-3333-4444-555555555555'
    const { stack, guard: _ } = guarded({}, ENVIRONMENT)
    const encryptionKey = Key.fromKeyArn(stack, 'ReplicaKey', replicaKey)
    new OutboundGuard(stack, 'Other', {
      policy: POLICY,
      service: 'other',
      replicaRegions: [{ region: 'eu-west-1', encryptionKey }, { region: 'us-east-1' }],
    })
    Template.fromStack(stack).hasResourceProperties('AWS::SecretsManager::Secret', {
      ReplicaRegions: [{ Region: 'eu-west-1', KmsKeyId: replicaKey }, { Region: 'us-east-1' }],
    })
  })

  it('takes a key that exists, and leaves its policy alone', () => {
    const { stack } = guarded()
    const key = new Key(stack, 'Own', { enableKeyRotation: true })
    const before = JSON.stringify(
      stack.resolve((key.node.defaultChild as CfnResource & { keyPolicy: unknown }).keyPolicy),
    )
    const guard = new OutboundGuard(stack, 'Other', { policy: POLICY, service: 'other', encryptionKey: key })
    guard.protect(customerFunction(stack))
    const template = Template.fromStack(stack)
    const after = template.findResources('AWS::KMS::Key')[idOf(key)]?.['Properties'].KeyPolicy
    assert.equal(JSON.stringify(after), before)
    assert.equal(guard.encryptionKey, key)
  })
})

describe('the policy of the secret', () => {
  it('denies everything that comes without TLS', () => {
    const statement = secretPolicy(guarded().template()).get('OnlyOverTls')
    assert.equal(statement?.Effect, 'Deny')
    assert.deepEqual(statement.Condition, { Bool: { 'aws:SecureTransport': 'false' } })
  })

  it('lets nobody read but the protected functions, the probe, and whom it was told', () => {
    const { stack, guard, template } = guarded({}, ENVIRONMENT)
    const fn = customerFunction(stack)
    guard.protect(fn)
    guard.grantRead(Role.fromRoleArn(stack, 'OnCall', ROLE_ARN))
    const statement = secretPolicy(template()).get('OnlyListedRead')
    assert.equal(statement?.Effect, 'Deny')
    assert.equal(statement.Action, 'secretsmanager:GetSecretValue')
    assert.deepEqual(Object.keys(statement.Condition ?? {}), ['ArnNotEquals'])
    const role = idOf(fn.role as Role)
    const arns = arnsIn(statement)
    assert.ok(arns.some((arn) => JSON.stringify(arn) === JSON.stringify({ 'Fn::GetAtt': [role, 'Arn'] })))
    assert.ok(arns.includes(ROLE_ARN))
    assert.equal(arns.length, 4, 'function, on-call, probe, the function of the first value')
  })

  it('lets nobody write but whom it was told and the functions of the guard', () => {
    const {
      stack,
      guard,
      template: templateOf,
    } = guarded({ rotationSchedule: Schedule.rate(Duration.days(7)) }, ENVIRONMENT)
    const fn = customerFunction(stack)
    guard.protect(fn)
    guard.grantWrite(Role.fromRoleArn(stack, 'Ci', ROLE_ARN))
    const statement = secretPolicy(templateOf()).get('OnlyListedWrite')
    assert.deepEqual(statement?.Action, ['secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecretVersionStage'])
    const arns = arnsIn(statement)
    assert.ok(arns.includes(ROLE_ARN))
    assert.match(JSON.stringify(arns), /RotatorRole/)
    assert.match(JSON.stringify(arns), /WriterRole/)
    assert.equal(arns.length, 3)
    assert.doesNotMatch(JSON.stringify(arns), new RegExp(`${idOf(fn.role as Role)}|Prober|cfn-exec-role`))
  })

  it('lets the deployment update the secret’s own properties, and besides do nothing with the pins', () => {
    const { guard, stack, template } = guarded({}, ENVIRONMENT)
    guard.grantWrite(Role.fromRoleArn(stack, 'Ci', ROLE_ARN))
    const policy = secretPolicy(template())
    const exempt = [...policy].filter(([, statement]) => JSON.stringify(statement).includes('cfn-exec-role'))
    assert.deepEqual(
      exempt.map(([sid, { Effect, Action }]) => [sid, Effect, Action]),
      [['OnlyListedUpdate', 'Deny', 'secretsmanager:UpdateSecret']],
    )
    const writers = arnsIn(policy.get('OnlyListedWrite'))
    assert.deepEqual(arnsIn(policy.get('OnlyListedUpdate')).slice(0, -1), writers)
  })

  it('lets nobody write at all until somebody is named, and says so', () => {
    const advice = Match.stringLikeRegexp('Nobody but CloudFormation can change the pins')
    Annotations.fromStack(guarded().stack).hasInfo('/Test/Guard', advice)
    const { stack, guard } = guarded({}, ENVIRONMENT)
    guard.grantWrite(Role.fromRoleArn(stack, 'Ci', ROLE_ARN))
    Annotations.fromStack(stack).hasNoInfo('/Test/Guard', advice)
  })

  it('denies the management of the secret to nobody, so that nobody is locked out', () => {
    for (const { Action } of secretPolicy(guarded().template()).values()) {
      assert.doesNotMatch(JSON.stringify(Action), /Policy|Tag|Delete|Restore|Describe/)
    }
  })

  it('is not public, and Secrets Manager is asked to make sure', () => {
    guarded().template().hasResourceProperties('AWS::SecretsManager::ResourcePolicy', { BlockPublicPolicy: true })
  })

  it('refuses at synthesis a role that reads for calls and writes as well', () => {
    const { app, stack, guard } = guarded()
    const fn = customerFunction(stack)
    guard.protect(fn)
    guard.grantWrite(fn)
    assert.throws(() => app.synth(), /would read the pins of its calls and may write them/)
  })

  it('names single roles: no account, no service, not everybody', () => {
    const { guard } = guarded()
    for (const grantee of [
      new AccountPrincipal('222222222222'),
      new ServicePrincipal('lambda.amazonaws.com'),
      new AnyPrincipal(),
    ]) {
      assert.throws(() => guard.grantRead(grantee), /names single roles/)
    }
  })

  it('names whole roles: no wildcard, no session of one', () => {
    const { stack, guard } = guarded()
    for (const grantee of [
      Role.fromRoleArn(stack, 'Any', 'arn:aws:iam::111111111111:role/*', { mutable: false }),
      new ArnPrincipal('arn:aws:iam::111111111111:role/team-?'),
      new ArnPrincipal('arn:aws:sts::111111111111:assumed-role/ci/session'),
    ]) {
      assert.throws(() => guard.grantRead(grantee), /names single roles/)
      assert.throws(() => guard.grantWrite(grantee), /names single roles/)
    }
  })

  it('lets a role of another account in by name, and the key too', () => {
    const { stack, guard, template } = guarded({}, ENVIRONMENT)
    guard.grantRead(Role.fromRoleArn(stack, 'Foreign', FOREIGN_ROLE_ARN))
    const allowed = [...allStatements(template())].filter(
      ({ statement }) =>
        statement.Effect === 'Allow' && JSON.stringify(statement.Principal)?.includes(FOREIGN_ROLE_ARN),
    )
    assert.deepEqual(
      allowed.map(({ statement }) => statement.Action),
      ['kms:Decrypt', 'secretsmanager:GetSecretValue'],
    )
  })
})

describe('the grants', () => {
  it('of reading: the current version of this secret, by this key, through Secrets Manager, and no more', () => {
    const { stack, guard, template } = guarded()
    const role = new Role(stack, 'Reader', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
    assert.ok(guard.grantRead(role).success)
    const [secretId] = single(template(), 'AWS::SecretsManager::Secret')
    const [keyId] = single(template(), 'AWS::KMS::Key')
    assert.deepEqual(statementsOf(template(), idOf(role)), [
      {
        Effect: 'Allow',
        Action: 'secretsmanager:GetSecretValue',
        Resource: { Ref: secretId },
        Condition: { 'ForAnyValue:StringEquals': { 'secretsmanager:VersionStage': ['AWSCURRENT'] } },
      },
      {
        Effect: 'Allow',
        Action: 'kms:Decrypt',
        Resource: { 'Fn::GetAtt': [keyId, 'Arn'] },
        Condition: {
          StringEquals: {
            'kms:ViaService': { 'Fn::Join': ['', ['secretsmanager.', { Ref: 'AWS::Region' }, '.amazonaws.com']] },
            'kms:EncryptionContext:SecretARN': { Ref: secretId },
          },
        },
      },
    ])
  })

  it('of writing: what the command line needs, and no more', () => {
    const { stack, guard, template } = guarded()
    const role = new Role(stack, 'Writer', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
    guard.grantWrite(role)
    assert.deepEqual(
      statementsOf(template(), idOf(role)).map(({ Action }) => Action),
      [
        [
          'secretsmanager:DescribeSecret',
          'secretsmanager:GetSecretValue',
          'secretsmanager:ListSecretVersionIds',
          'secretsmanager:PutSecretValue',
          'secretsmanager:UpdateSecretVersionStage',
        ],
        ['kms:Decrypt', 'kms:GenerateDataKey'],
      ],
    )
  })
})

function idOfType(template: Template, type: string): string {
  return single(template, type)[0]
}
