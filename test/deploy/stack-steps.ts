/**
 * The steps in which the stack is deployed, updated and destroyed, and what becomes of the secret then.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { Deployed, SecretSeen } from './deployed.ts'
import { policyOf } from './partner.ts'
import { expect, type Saw } from './protocol.ts'
import type { Scene } from './scene.ts'
import { type DeployedStack, EXAMPLE_STACK, expectNoValue, expectOwnCode } from './stack.ts'
import type { World } from './world.ts'

/** No key has these. */
const INITIAL_PINS = ['A', 'B'].map((letter) => `sha256/${letter.repeat(42)}Q=`)
const CHANGED_PINS = ['C', 'D'].map((letter) => `sha256/${letter.repeat(42)}Q=`)

export async function deploy(world: World, stack: DeployedStack, saw: Saw): Promise<Deployed> {
  const policyFile = join(world.folder, 'policy-1.json')
  writeFileSync(policyFile, policyOf(world.partner, 1, INITIAL_PINS))
  const template = await stack.synthesise('first', policyFile)
  saw(
    'cdk synth',
    `${Object.keys(JSON.parse(template).Resources).length} resources; the secret has no value in the template`,
  )
  expectNoValue(template)
  expectOwnCode(template)
  const findings = await stack.lint('first')
  saw('cfn-lint', findings === undefined ? 'NOT LINTED: cfn-lint is not installed' : findings || 'no finding')
  expect(!findings, 'cfn-lint finds nothing', findings)
  if (world.isNew) saw('cdk bootstrap', await stack.bootstrap('first'))
  const deployed = new Deployed(await stack.deploy('first'), world.place, world.credentials)
  saw('cdk deploy', deployed.outputs.SecretArn)
  return deployed
}

export async function seeInitialPolicy({ world, deployed, secret }: Scene, saw: Saw): Promise<void> {
  const { version, text } = await secret.current()
  expect(text === policyOf(world.partner, 1, INITIAL_PINS), 'the policy of the template', text)
  saw('AWSCURRENT', `version ${version}, the policy of the file`)
  const { KmsKeyId = '' } = await secret.describe()
  expect(deployed.outputs.KeyArn.endsWith(KmsKeyId.split('/').at(-1) ?? '?'), 'the key of the guard', KmsKeyId)
  saw('encrypted with', KmsKeyId)
  const unlisted = new SecretSeen(deployed.secrets(world.credentials), deployed.outputs.SecretArn)
  const refusal = await unlisted.current().then(
    () => 'it was read',
    (error: Error) => `${error.name}: ${error.message}`,
  )
  expect(refusal.startsWith('AccessDenied'), 'no reading by whoever deployed it', refusal)
  saw('whoever deployed it', refusal)
}

export async function update({ world, stack, deployed, secret }: Scene, saw: Saw): Promise<void> {
  const before = await secret.current()
  const policyFile = join(world.folder, 'policy-changed.json')
  writeFileSync(policyFile, policyOf(world.partner, 90, CHANGED_PINS))
  await stack.synthesise('changed', policyFile)
  const difference = await stack.difference('changed')
  const changed = difference.split('\n').filter((line) => /^\[[-+~]\]/.test(line))
  expect(changed.length > 0 && !/replace|destroy|\[-\]/i.test(changed.join('\n')), 'nothing is replaced', difference)
  saw('cdk diff', changed.join('\n'))
  const { SecretArn } = await stack.deploy('changed')
  expect(SecretArn === deployed.outputs.SecretArn, 'the same secret', SecretArn)
  const after = await secret.current()
  expect(after.version === before.version && after.text === before.text, 'the same value', after)
  saw('cdk deploy', `AWSCURRENT is still version ${after.version}, with the pins that were rotated into it`)
  const result = await deployed.call()
  expect('status' in result, 'calls pass', result)
  saw('answer', String(result.status))
}

export async function destroy({ world, stack, deployed }: Scene, saw: Saw): Promise<void> {
  const { outputs, api } = deployed
  await stack.destroy('changed')
  const { region, endpoint } = world.place
  const { credentials } = world
  const kms = new KMSClient({ region, credentials, ...(endpoint === undefined ? {} : { endpoint }) })
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: outputs.KeyArn }))
  const secret = new SecretSeen(deployed.secrets(world.credentials), outputs.SecretArn)
  const { DeletedDate } = await secret.describe()
  expect(KeyMetadata?.KeyState === 'Enabled' && DeletedDate === undefined, 'both are kept', [KeyMetadata, DeletedDate])
  saw('kept', `${outputs.SecretArn}, version ${await secret.currentVersion()}\n${outputs.KeyArn}`)
  const names = [outputs.FunctionName, outputs.ProbeName, outputs.RotationName]
  const left = await Promise.all(names.map((name) => deployed.functionExists(name)))
  const alarms = await api.json('monitoring', 'DescribeAlarms', { AlarmNamePrefix: outputs.Service })
  expect(!left.includes(true), 'no function is left', left)
  expect((alarms['MetricAlarms'] as unknown[]).length === 0, 'no alarm is left', alarms)
  saw('gone', 'functions, alarms')
}

/** Its pins are placeholders, through which nothing gets. */
export async function seeExample({ stack, deployed }: Scene, saw: Saw): Promise<void> {
  const { FunctionName } = await stack.deploy<{ readonly FunctionName: string }>('changed', EXAMPLE_STACK)
  saw('cdk deploy', FunctionName)
  const { failed, text } = await deployed.invoke(FunctionName, {})
  expect(!failed && text.includes('ERR_HOST_NOT_COVERED'), 'it starts, and refuses the host', text)
  saw('answer', text)
  await stack.destroy('changed', EXAMPLE_STACK)
  expect(!(await deployed.functionExists(FunctionName)), 'the function is gone', FunctionName)
}
