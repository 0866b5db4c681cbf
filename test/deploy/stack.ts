/**
 * The stack of test/deploy/app.ts under the real `cdk`: synthesised, linted, deployed, compared, destroyed.
 */

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cdk, ROOT, run } from './command.ts'
import type { Outputs } from './deployed.ts'
import { expect } from './protocol.ts'
import type { World } from './world.ts'

export const STACK = 'PinnedFetchDeployTest'

/** The example of infra/, beside it. */
export const EXAMPLE_STACK = 'PinnedFetchExample'

/** Python's tool; `cdk` writes DependsOn for what GetAtt says already, which W3005 minds. */
const LINT = ['cfn-lint', '--ignore-checks', 'W3005', '--']

interface Resource {
  readonly Type: string
  readonly Properties: Readonly<Record<string, unknown>>
  readonly Metadata?: Readonly<Record<string, string>>
}

export class DeployedStack {
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  /** Where a synthesis of this name lies. */
  #assembly(name: string): string {
    return join(this.#world.folder, `cdk.out-${name}`)
  }

  /** @returns the template, as text */
  async synthesise(name: string, policyFile: string): Promise<string> {
    const app = `${process.execPath} --conditions=@pinned-fetch/source test/deploy/app.ts`
    const { partner, hasExample } = this.#world
    const settings = [`policy=${policyFile}`, `partnerUrl=${partner.url}`, `example=${hasExample}`]
    const context = settings.flatMap((setting) => ['-c', setting])
    const assembly = this.#assembly(name)
    await cdk(['synth', '--quiet', '--app', app, '--output', assembly, ...context], this.#world.environment)
    return readFileSync(join(assembly, `${STACK}.template.json`), 'utf8')
  }

  /** What cfn-lint finds; `undefined`: it is not installed. */
  async lint(name: string): Promise<string | undefined> {
    if (!isHere('cfn-lint')) return undefined
    const folder = this.#assembly(name)
    const templates = readdirSync(folder).filter((file) => file.endsWith('.template.json'))
    const { output } = await run([...LINT, ...templates.map((file) => join(folder, file))], {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
    })
    return output.trim()
  }

  async bootstrap(name: string): Promise<string> {
    const { output } = await cdk(['bootstrap', '--app', this.#assembly(name)], this.#world.environment)
    return /Environment (\S+) bootstrapped/.exec(output)?.[0] ?? output
  }

  async deploy<Known = Outputs>(name: string, stack = STACK): Promise<Known> {
    const file = join(this.#world.folder, 'outputs.json')
    const words = ['deploy', '--app', this.#assembly(name), '--require-approval', 'never', '--outputs-file', file]
    await cdk([...words, stack], this.#world.environment)
    return JSON.parse(readFileSync(file, 'utf8'))[stack]
  }

  /** What `cdk diff` says of the difference to what is deployed, by the templates. */
  async difference(name: string): Promise<string> {
    const words = ['diff', '--app', this.#assembly(name), '--method=template', STACK]
    return (await cdk(words, this.#world.environment)).output
  }

  async destroy(name: string, stack = STACK): Promise<void> {
    await cdk(['destroy', '--app', this.#assembly(name), '--force', stack], this.#world.environment)
  }
}

/** A secret without a value of its own, so that no deployment can put one over what was rotated. */
export function expectNoValue(template: string): void {
  const resources = Object.values(JSON.parse(template).Resources as Record<string, Resource>)
  const secrets = resources.filter(({ Type }) => Type === 'AWS::SecretsManager::Secret')
  const valued = secrets.filter(
    ({ Properties }) => 'SecretString' in Properties || 'GenerateSecretString' in Properties,
  )
  expect(secrets.length === 1 && valued.length === 0, 'one secret, without a value in the template', secrets)
}

/** Two functions with the same code would be one mistake of bundling. */
export function expectOwnCode(template: string): void {
  const resources = Object.entries(JSON.parse(template).Resources as Record<string, Resource>)
  const functions = resources.filter(([, { Type }]) => Type === 'AWS::Lambda::Function')
  const keys = functions.map(([, { Properties }]) => JSON.stringify(Properties['Code']))
  const shared = functions.filter((_, index) => keys.indexOf(keys[index] ?? '') !== keys.lastIndexOf(keys[index] ?? ''))
  expect(
    shared.length === 0,
    'each function has code of its own',
    `one asset for ${shared.map(([, { Metadata }]) => Metadata?.['aws:cdk:path']).join(', ')}`,
  )
}

export function versionOfCdk(): string {
  return JSON.parse(readFileSync(`${ROOT}node_modules/aws-cdk/package.json`, 'utf8')).version
}

function isHere(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
