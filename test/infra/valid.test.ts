/**
 * What the CDK's own validation, which knows CloudFormation's schemas and finds circles, says about guards of every kind.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Duration, Stack } from 'aws-cdk-lib'
import { type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2'
import { Schedule } from 'aws-cdk-lib/aws-events'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { OutboundGuard } from '../../infra/outbound-guard.ts'
import { customerFunction, FOREIGN_ROLE_ARN, guarded, newApp, POLICY, ROLE_ARN } from './synthesis.ts'

const ENVIRONMENT = { env: { account: '111111111111', region: 'eu-central-1' } }

/** The id of a key is a UUID. */
const NO_KEY_ARN = 'arn:aws:kms:eu-west-1:111111111111:key/1'

describe('the template', () => {
  it('is valid, and in no circle: everything at once, readers and writers of here and elsewhere', () => {
    const { app, stack, guard } = guarded({}, ENVIRONMENT, newApp({ builtinCloudFormationValidation: true }))
    guard.protect(customerFunction(stack), { preload: true })
    guard.grantRead(Role.fromRoleArn(stack, 'Foreign', FOREIGN_ROLE_ARN))
    const vpc = new Vpc(stack, 'Vpc') as IVpc
    const full = new OutboundGuard(stack, 'Full', {
      policy: POLICY,
      service: 'full',
      vpc,
      probeInVpc: true,
      tracing: true,
      rotationSchedule: Schedule.rate(Duration.days(7)),
      writers: [Role.fromRoleArn(stack, 'Ci', ROLE_ARN)],
      replicaRegions: [{ region: 'eu-west-1' }],
    })
    full.protect(customerFunction(stack, { vpc }, 'Locked'), { lockdown: true })
    const other = new Stack(app, 'Elsewhere', ENVIRONMENT)
    const role = new Role(other, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      roleName: 'elsewhere',
    })
    guard.protect(customerFunction(other, { role }))
    assert.equal(app.synth().stacks.length, 2)
  })

  it('of what is not valid would be refused: the validation is on', () => {
    const { app, stack } = guarded({}, ENVIRONMENT, newApp({ builtinCloudFormationValidation: true }))
    new OutboundGuard(stack, 'Other', {
      policy: POLICY,
      service: 'other',
      replicaRegions: [{ region: 'eu-west-1', encryptionKey: Key.fromKeyArn(stack, 'NoKey', NO_KEY_ARN) }],
    })
    assert.throws(() => app.synth(), /Validation failed/)
  })
})
