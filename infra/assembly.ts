/**
 * What would be deployed, on this disk: the built asset of the function and the settings it would run with. For the
 * local demo, which runs exactly that.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { exampleApp } from './app.ts'

export interface Assembly {
  /** Directory with the bundle, `index.mjs`. */
  readonly functionAsset: string
  /** As Lambda writes it: `index.handler`. */
  readonly handler: string
  /** The function's variables whose values are known before a deployment. */
  readonly environment: Readonly<Record<string, string>>
}

/** The function as the template of a stack with this one function says it. */
interface FunctionResource {
  readonly Type: string
  readonly Metadata: { readonly 'aws:asset:path': string }
  readonly Properties: {
    readonly Handler: string
    readonly Environment: { readonly Variables: Readonly<Record<string, unknown>> }
  }
}

/** Builds the stack into a directory, with the feature flags that the `cdk` command would give it. */
export function synthesize(outdir: string): Assembly {
  const { app, stack } = exampleApp({ outdir, postCliContext: commandContext() })
  const { template } = app.synth().getStackArtifact(stack.artifactId)
  const resources: FunctionResource[] = Object.values(template.Resources)
  const resource = resources.find(({ Type }) => Type === 'AWS::Lambda::Function')
  if (!resource) throw new Error(`Cannot find the function in the template of ${stack.stackName}`)
  const variables = Object.entries(resource.Properties.Environment.Variables)
  return {
    functionAsset: join(outdir, resource.Metadata['aws:asset:path']),
    handler: resource.Properties.Handler,
    environment: Object.fromEntries(
      variables.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    ),
  }
}

/** The context of cdk.json, and the metadata that the `cdk` command asks for and an app run without it leaves out. */
export function commandContext(): Record<string, unknown> {
  const { context } = JSON.parse(readFileSync(new URL('../cdk.json', import.meta.url), 'utf8'))
  return { ...context, 'aws:cdk:enable-asset-metadata': true, 'aws:cdk:enable-path-metadata': true }
}
