/**
 * Synthesis of stacks that tests make up: under the flags of cdk.json, in a folder of its own, without building functions.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { App, type AppProps, Stack, type StackProps } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Code, type FunctionProps, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { commandContext } from '../../infra/assembly.ts'
import type { OutboundGuardProps } from '../../infra/guard-props.ts'
import { OutboundGuard } from '../../infra/outbound-guard.ts'

export const PINS = [
  'sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME=',
  'sha256/klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY=',
]

/** Nothing can be said against it. */
export const POLICY = { version: 1, serial: 1, hosts: { 'api.partner.example': { pins: PINS } } }

/** A role's ARN, of this account and of another one. */
export const ROLE_ARN = 'arn:aws:iam::111111111111:role/ci'
export const FOREIGN_ROLE_ARN = 'arn:aws:iam::222222222222:role/foreign'

const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-synthesis-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let count = 0

/** Writes a file, and tells its path. */
export function fileWith(text: string, name = `policy-${count++}.json`): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** An app that bundles nothing, and whose templates the CDK does not validate: valid.test.ts does. */
export function newApp(props: AppProps = {}): App {
  const outdir = join(folder, `out-${count++}`)
  const postCliContext = { ...commandContext(), 'aws:cdk:bundling-stacks': [] }
  return new App({ outdir, postCliContext, builtinCloudFormationValidation: false, ...props })
}

export interface Guarded {
  readonly app: App
  readonly stack: Stack
  readonly guard: OutboundGuard
  /** Of the stack as it is when this is asked. */
  template(): Template
}

/** A stack with a guard in it. */
export function guarded(
  props: Partial<OutboundGuardProps> = {},
  stackProps: StackProps = {},
  app: App = newApp(),
): Guarded {
  const stack = new Stack(app, 'Test', stackProps)
  const guard = new OutboundGuard(stack, 'Guard', { policy: POLICY, ...props })
  return { app, stack, guard, template: () => Template.fromStack(stack) }
}

/** A function of somebody's, with whatever role CDK gives it. */
export function customerFunction(scope: Stack, props: Partial<FunctionProps> = {}, id = 'Customer'): LambdaFunction {
  return new LambdaFunction(scope, id, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => 1'),
    ...props,
  })
}

export interface Statement {
  readonly Sid?: string
  readonly Effect: 'Allow' | 'Deny'
  readonly Action: string | readonly string[]
  readonly Resource: unknown
  readonly Principal?: unknown
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

type Resource = Readonly<{ Type: string; Properties: Readonly<Record<string, unknown>> }>

/** The statements of a role, in the order of the template. @param role logical id */
export function statementsOf(template: Template, role: string): readonly Statement[] {
  const policies = Object.values(template.findResources('AWS::IAM::Policy')) as unknown as Resource[]
  return policies
    .filter(({ Properties }) => JSON.stringify(Properties['Roles']).includes(`"${role}"`))
    .flatMap(({ Properties }) => (Properties['PolicyDocument'] as { Statement: Statement[] }).Statement)
}

/** Every statement of every policy of a template, and where it is. */
export function allStatements(
  template: Template,
): readonly { readonly where: string; readonly statement: Statement }[] {
  const found: { where: string; statement: Statement }[] = []
  const visit = (value: unknown, where: string) => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'Statement' && Array.isArray(inner)) {
        found.push(...inner.map((statement: Statement) => ({ where, statement })))
      } else visit(inner, where === '' ? key : where)
    }
  }
  visit(template.toJSON()['Resources'], '')
  return found
}

/** The one resource of a type: its logical id and properties. */
export function single(template: Template, type: string): readonly [id: string, properties: Record<string, unknown>] {
  const entries = Object.entries(template.findResources(type))
  if (entries.length !== 1) throw new Error(`${entries.length} resources of type ${type}`)
  const [[id, resource] = ['', {}]] = entries
  return [id, (resource as { Properties: Record<string, unknown> }).Properties]
}

/** The logical id of what a construct becomes. */
export function idOf(construct: { readonly node: { readonly defaultChild?: unknown } }): string {
  const child = construct.node.defaultChild as { readonly logicalId: string; readonly stack: Stack }
  return child.stack.resolve(child.logicalId)
}
