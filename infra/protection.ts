/**
 * What `protect` changes of a function: its environment, and where asked the preload and the security group.
 *
 * What a function has already is kept, or the call is refused with the repair: a variable that was quietly replaced would
 * be a guard that quietly reads another secret, or an alarm that never rings.
 */

import { Annotations, Stack } from 'aws-cdk-lib'
import type { ISecurityGroup } from 'aws-cdk-lib/aws-ec2'
import {
  type CfnFunction,
  type IFunction,
  type ILayerVersion,
  Function as LambdaFunction,
  Runtime,
  RuntimeFamily,
} from 'aws-cdk-lib/aws-lambda'
import { PRELOAD_PATH } from './function-code.ts'

const PRELOAD_OPTION = `--import ${PRELOAD_PATH}`

/** Sets variables. A function that is not defined in this app can't be changed: then they are told. */
export function setEnvironment(fn: IFunction, variables: Readonly<Record<string, string>>): void {
  if (!(fn instanceof LambdaFunction)) {
    const shown = Object.entries(variables).map(
      ([name, value]) => `${name}=${JSON.stringify(Stack.of(fn).resolve(value))}`,
    )
    Annotations.of(fn).addWarningV2(
      'pinned-fetch:environment-not-set',
      `This function is not defined in this app, so its environment stays as it is. Set ${shown.join(' ')} where it is defined`,
    )
    return
  }
  const resolved = (value: unknown): unknown => Stack.of(fn).resolve(value)
  for (const [name, value] of Object.entries(variables)) {
    const [present, wanted] = [variableOf(fn, name), resolved(value)]
    if (present === undefined || JSON.stringify(present) === JSON.stringify(wanted)) continue
    throw conflict(fn, name, present, wanted)
  }
  for (const [name, value] of Object.entries(variables)) fn.addEnvironment(name, value)
  fn.node.addValidation({ validate: () => replacedIn(fn, variables) })
}

function replacedIn(fn: LambdaFunction, variables: Readonly<Record<string, string>>): string[] {
  return Object.entries(variables)
    .filter(([name, value]) => JSON.stringify(variableOf(fn, name)) !== JSON.stringify(Stack.of(fn).resolve(value)))
    .map(([name]) => `${name} was replaced after protect(): leave it to the guard`)
}

/** A function of which only the ARN is known can't be granted anything. */
export function warnOfRole(fn: IFunction): void {
  Annotations.of(fn).addWarningV2(
    'pinned-fetch:no-grant',
    'The role of this function is not known here, so it may not read the pins. Import it with its role, or give that role to "readers"',
  )
}

function conflict(fn: IFunction, name: string, present: unknown, wanted: unknown): Error {
  const repair =
    name === 'POWERTOOLS_SERVICE_NAME'
      ? 'Give the guard that name as "service", or leave the variable to the guard: alarms and dashboard know one name'
      : 'A function has one guard: protect it with one only'
  return new Error(
    `${fn.node.path}: cannot set ${name} to ${JSON.stringify(wanted)}, it is ${JSON.stringify(present)}. ${repair}`,
  )
}

/** Loads the guard before the function's own code, so that calls of code that knows nothing of it are judged too. */
export function preload(fn: IFunction, layer: () => ILayerVersion): void {
  const refuse = (problem: string) => new Error(`${fn.node.path}: cannot preload the guard: ${problem}`)
  if (!(fn instanceof LambdaFunction))
    throw refuse('the function is not defined in this app. Protect it where it is defined')
  if (fn.runtime === Runtime.FROM_IMAGE) {
    throw refuse('a container image has no layers. Import "pinned-fetch/register" in its code, or in its NODE_OPTIONS')
  }
  if (fn.runtime.family !== RuntimeFamily.NODEJS) throw refuse(`it runs ${fn.runtime.name}, which is not Node.js`)
  const present = variableOf(fn, 'NODE_OPTIONS')
  if (present !== undefined && typeof present !== 'string') {
    throw refuse('its NODE_OPTIONS are known at deployment only. Write them as text')
  }
  if (present?.includes(PRELOAD_OPTION)) return
  fn.addLayers(layer())
  // First, so that the guard is there before anything else that is preloaded makes a call.
  fn.addEnvironment('NODE_OPTIONS', [PRELOAD_OPTION, present].filter(Boolean).join(' '))
  fn.node.addValidation({
    validate: () =>
      String(variableOf(fn, 'NODE_OPTIONS')).includes(PRELOAD_OPTION)
        ? []
        : [`NODE_OPTIONS was set after protect() and lost "${PRELOAD_OPTION}": set it before, and it is kept`],
  })
}

/**
 * Puts a function of a VPC into the lockdown, and takes it out of its own security groups: what groups allow adds up, and
 * beside one that lets everything out a lockdown would lock nothing. `fn.connections` opens ports in both from then on.
 */
export function lockDown(fn: IFunction, group: ISecurityGroup): void {
  const resource = fn instanceof LambdaFunction ? (fn.node.defaultChild as CfnFunction) : undefined
  if (!fn.isBoundToVpc || resource?.vpcConfig === undefined) {
    throw new Error(
      `${fn.node.path}: cannot lock the function down: it is in no VPC that this app knows of. Give it a "vpc" where it is defined`,
    )
  }
  fn.connections.addSecurityGroup(group)
  resource.addPropertyOverride('VpcConfig.SecurityGroupIds', [group.securityGroupId])
}

/** What a variable of a function will be, as its template says it; `undefined`: it has none of that name. */
function variableOf(fn: LambdaFunction, name: string): unknown {
  const environment: unknown = Stack.of(fn).resolve((fn.node.defaultChild as CfnFunction).environment)
  return (environment as { variables?: Record<string, unknown> } | undefined)?.variables?.[name]
}
