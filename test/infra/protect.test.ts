/**
 * What `protect` does to a function, and what it refuses to do.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CfnParameter, Stack } from 'aws-cdk-lib'
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions'
import { type IVpc, Peer, Port, Vpc } from 'aws-cdk-lib/aws-ec2'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Alias, type IFunction, type IVersion, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { PRELOAD_PATH } from '../../infra/function-code.ts'
import { OutboundGuard } from '../../infra/outbound-guard.ts'
import { customerFunction, guarded, idOf, POLICY, single, statementsOf } from './synthesis.ts'

const PRELOAD = `--import ${PRELOAD_PATH}`

const FUNCTION_ARN = 'arn:aws:lambda:eu-central-1:111111111111:function:theirs'

function variablesOf(template: Template, fn: LambdaFunction): Record<string, unknown> {
  const { Environment } = template.findResources('AWS::Lambda::Function')[idOf(fn)]?.['Properties'] ?? {}
  return Environment?.Variables ?? {}
}

describe('a protected function', () => {
  it('is told the secret and the service, may read the current pins, and keeps its own settings', () => {
    const { stack, guard, template } = guarded({ service: 'quotes' })
    const fn = customerFunction(stack, { environment: { COLOUR: 'green' } })
    assert.equal(guard.protect(fn), guard)
    const [secretId] = single(template(), 'AWS::SecretsManager::Secret')
    assert.deepEqual(variablesOf(template(), fn), {
      COLOUR: 'green',
      PINNED_FETCH_SECRET_ID: { Ref: secretId },
      POWERTOOLS_SERVICE_NAME: 'quotes',
    })
    assert.deepEqual(
      statementsOf(template(), idOf(fn.role as Role)).map(({ Action }) => Action),
      ['secretsmanager:GetSecretValue', 'kms:Decrypt'],
    )
  })

  it('comes after the policy and the first value of the secret, without which its calls would be refused', () => {
    const { stack, guard, template } = guarded()
    const fn = customerFunction(stack)
    guard.protect(fn)
    const needed = template().findResources('AWS::Lambda::Function')[idOf(fn)]?.['DependsOn']
    for (const type of ['AWS::SecretsManager::ResourcePolicy', 'Custom::PinnedFetchInitialPolicy']) {
      assert.ok(needed.includes(single(template(), type)[0]), type)
    }
  })

  it('keeps what it was told: a variable that is replaced later fails the synthesis', () => {
    for (const name of ['PINNED_FETCH_SECRET_ID', 'POWERTOOLS_SERVICE_NAME']) {
      const { app, stack, guard } = guarded()
      const fn = customerFunction(stack)
      guard.protect(fn)
      fn.addEnvironment(name, 'another')
      assert.throws(() => app.synth(), new RegExp(`${name} was replaced after protect\\(\\): leave it to the guard`))
    }
  })

  it('is protected once, however often it is asked for', () => {
    const { stack, guard, template } = guarded()
    const fn = customerFunction(stack)
    guard.protect(fn)
    const before = JSON.stringify(template().toJSON())
    const again = guarded()
    const other = customerFunction(again.stack)
    again.guard.protect(other).protect(other, {})
    assert.equal(JSON.stringify(again.template().toJSON()), before)
  })

  it('may be given by an alias: what it runs with is set on the function', () => {
    const { stack, guard, template } = guarded()
    const fn = customerFunction(stack)
    const version = fn.currentVersion as IVersion
    guard.protect(new Alias(stack, 'Live', { aliasName: 'live', version }) as IFunction)
    assert.equal(variablesOf(template(), fn)['POWERTOOLS_SERVICE_NAME'], 'Test')
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue())
  })

  it('has its log on the dashboard, without a function that manages log groups', () => {
    const { stack, guard, template } = guarded()
    guard.protect(customerFunction(stack))
    const [, { DashboardBody }] = single(template(), 'AWS::CloudWatch::Dashboard')
    assert.match(JSON.stringify(DashboardBody), /Customer/)
    template().resourceCountIs('Custom::LogRetention', 0)
  })

  it('may be in another stack, when its role has a name', () => {
    const { app, guard, template } = guarded()
    const other = new Stack(app, 'Other')
    const assumedBy = new ServicePrincipal('lambda.amazonaws.com')
    const role = new Role(other, 'Role', { assumedBy, roleName: 'quotes', path: '/team/' })
    guard.protect(customerFunction(other, { role }))
    assert.match(JSON.stringify(template().toJSON()), /:iam::","?\{?.*:role\/team\/quotes"/)
    const unnamed = customerFunction(other, {}, 'Unnamed')
    assert.throws(() => guard.protect(unnamed), /Give that role a "roleName"/)
  })

  it('has one guard only', () => {
    const { stack, guard } = guarded()
    const other = new OutboundGuard(stack, 'Other', { policy: POLICY, service: 'other' })
    const fn = customerFunction(stack)
    guard.protect(fn)
    assert.throws(() => other.protect(fn), /cannot set PINNED_FETCH_SECRET_ID.*A function has one guard/s)
  })

  it('writes its metrics where the alarms look: a service name of its own is refused', () => {
    const { stack, guard } = guarded()
    const fn = customerFunction(stack, { environment: { POWERTOOLS_SERVICE_NAME: 'quotes' } })
    assert.throws(() => guard.protect(fn), /is "quotes"\. Give the guard that name as "service"/)
    const same = new OutboundGuard(stack, 'Same', { policy: POLICY, service: 'quotes' })
    same.protect(fn)
  })

  it('that is defined elsewhere is granted what can be, and a warning says what is left to do', () => {
    const { stack, guard, template } = guarded({}, { env: { account: '111111111111', region: 'eu-central-1' } })
    const role = Role.fromRoleArn(stack, 'TheirRole', 'arn:aws:iam::111111111111:role/theirs')
    const theirs = LambdaFunction.fromFunctionAttributes(stack, 'Theirs', { functionArn: FUNCTION_ARN, role })
    guard.protect(theirs)
    Annotations.fromStack(stack).hasWarning(
      '*',
      Match.stringLikeRegexp('Set PINNED_FETCH_SECRET_ID=.* where it is defined'),
    )
    assert.match(JSON.stringify(template().findResources('AWS::IAM::Policy')), /"Roles":\["theirs"\]/)
  })

  it('whose role is not known can’t be granted anything, which a warning says', () => {
    const { stack, guard } = guarded()
    guard.protect(LambdaFunction.fromFunctionArn(stack, 'Theirs', FUNCTION_ARN))
    Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp('The role of this function is not known'))
  })
})

describe('the preload', () => {
  it('comes as a layer, at a path that does not depend on how the function is packed', () => {
    const { stack, guard, template } = guarded()
    const fn = customerFunction(stack)
    guard.protect(fn, { preload: true }).protect(fn, { preload: true })
    const other = customerFunction(stack, {}, 'Other')
    guard.protect(other, { preload: true })
    template().resourceCountIs('AWS::Lambda::LayerVersion', 1)
    const [layerId] = single(template(), 'AWS::Lambda::LayerVersion')
    const { Layers } = template().findResources('AWS::Lambda::Function')[idOf(fn)]?.['Properties'] ?? {}
    assert.deepEqual(Layers, [{ Ref: layerId }])
    assert.equal(variablesOf(template(), fn)['NODE_OPTIONS'], PRELOAD)
  })

  it('keeps the NODE_OPTIONS that the function has', () => {
    const { stack, guard, template } = guarded()
    const fn = customerFunction(stack, { environment: { NODE_OPTIONS: '--enable-source-maps --import /opt/otel.mjs' } })
    guard.protect(fn, { preload: true })
    assert.equal(variablesOf(template(), fn)['NODE_OPTIONS'], `${PRELOAD} --enable-source-maps --import /opt/otel.mjs`)
  })

  it('is not lost to NODE_OPTIONS that are set later', () => {
    const { app, stack, guard } = guarded()
    const fn = customerFunction(stack)
    guard.protect(fn, { preload: true })
    fn.addEnvironment('NODE_OPTIONS', '--enable-source-maps')
    assert.throws(() => app.synth(), /NODE_OPTIONS was set after protect\(\) and lost/)
  })

  it('is refused where it can’t be known what is there already', () => {
    const { stack, guard } = guarded()
    const parameter = new CfnParameter(stack, 'Options', { default: '' })
    const fn = customerFunction(stack, { environment: { NODE_OPTIONS: parameter.valueAsString } })
    assert.throws(() => guard.protect(fn, { preload: true }), /known at deployment only/)
  })

  it('is refused where it would not run: another language, a function from elsewhere', () => {
    const { stack, guard } = guarded()
    const python = customerFunction(stack, { runtime: Runtime.PYTHON_3_13 })
    assert.throws(() => guard.protect(python, { preload: true }), /python3\.13, which is not Node\.js/)
    const theirs = LambdaFunction.fromFunctionArn(stack, 'Theirs', FUNCTION_ARN)
    assert.throws(() => guard.protect(theirs, { preload: true }), /not defined in this app/)
  })
})

describe('the lockdown', () => {
  it('lets a function out over port 443 and over nothing else', () => {
    const { stack } = guarded()
    const vpc = new Vpc(stack, 'Vpc') as IVpc
    const guard = new OutboundGuard(stack, 'Locked', { policy: POLICY, service: 'locked', vpc })
    const fn = customerFunction(stack, { vpc })
    guard.protect(fn, { lockdown: true })
    const template = Template.fromStack(stack)
    const groupId = idOf((guard.lockdown?.securityGroup ?? assert.fail()) as never)
    const { VpcConfig } = template.findResources('AWS::Lambda::Function')[idOf(fn)]?.['Properties'] ?? {}
    assert.deepEqual(VpcConfig.SecurityGroupIds, [{ 'Fn::GetAtt': [groupId, 'GroupId'] }])
    const { SecurityGroupEgress, SecurityGroupIngress } =
      template.findResources('AWS::EC2::SecurityGroup')[groupId]?.['Properties'] ?? {}
    assert.deepEqual(
      SecurityGroupEgress.map((rule: Record<string, unknown>) => [
        rule['IpProtocol'],
        rule['FromPort'],
        rule['ToPort'],
      ]),
      [
        ['tcp', 443, 443],
        ['tcp', 443, 443],
      ],
    )
    assert.equal(SecurityGroupIngress, undefined)
  })

  it('opens what the function’s connections are told afterwards', () => {
    const { stack } = guarded()
    const vpc = new Vpc(stack, 'Vpc') as IVpc
    const guard = new OutboundGuard(stack, 'Locked', { policy: POLICY, service: 'locked', vpc })
    const fn = customerFunction(stack, { vpc })
    guard.protect(fn, { lockdown: true })
    fn.connections.allowTo(Peer.ipv4('10.0.0.0/16'), Port.tcp(5432))
    const groupId = idOf((guard.lockdown?.securityGroup ?? assert.fail()) as never)
    const { SecurityGroupEgress } =
      Template.fromStack(stack).findResources('AWS::EC2::SecurityGroup')[groupId]?.['Properties'] ?? {}
    assert.ok(SecurityGroupEgress.some((rule: Record<string, unknown>) => rule['FromPort'] === 5432))
  })

  it('is refused for a function that is in no VPC, and by a guard that knows none', () => {
    const { stack, guard } = guarded()
    const vpc = new Vpc(stack, 'Vpc') as IVpc
    const locked = new OutboundGuard(stack, 'Locked', { policy: POLICY, service: 'locked', vpc })
    assert.throws(() => locked.protect(customerFunction(stack), { lockdown: true }), /is in no VPC/)
    const inside = customerFunction(stack, { vpc }, 'Inside')
    assert.throws(() => guard.protect(inside, { lockdown: true }), /give the guard the "vpc" of the function/)
  })

  it('warns of hosts that it would shut out', () => {
    const { stack } = guarded()
    const vpc = new Vpc(stack, 'Vpc') as IVpc
    const [pins] = Object.values(POLICY.hosts)
    const policy = { version: 1, hosts: { 'api.partner.example:8443': pins } }
    new OutboundGuard(stack, 'Locked', { policy, service: 'locked', vpc })
    Annotations.fromStack(stack).hasWarning(
      '/Test/Locked',
      Match.stringLikeRegexp('no call out to api.partner.example:8443'),
    )
  })
})
