/**
 * What would be deployed, on this disk: the built assets of the functions and the settings they would run with. For the
 * local demo and the tests, which run exactly that.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { exampleApp, STACK } from './app.ts'

export interface Assembly {
  /** Directory with the bundle, `index.mjs`. */
  readonly functionAsset: string
  /** As Lambda writes it: `index.handler`. */
  readonly handler: string
  /** The function's variables whose values are known before a deployment. */
  readonly environment: Readonly<Record<string, string>>
}

/** A function as the template says it. */
interface FunctionResource {
  readonly Type: string
  readonly Metadata: { readonly 'aws:asset:path': string; readonly 'aws:cdk:path': string }
  readonly Properties: {
    readonly Handler: string
    readonly Environment?: { readonly Variables: Readonly<Record<string, unknown>> }
  }
}

/** Path of the example in its stack. */
export const EXAMPLE = 'Example'

/**
 * Builds the stack into a directory, with the feature flags that the `cdk` command would give it. The template is not
 * validated, which takes longer than all the rest: `cdk synth` does that.
 */
export function synthesize(outdir: string): Assembly {
  const { app } = exampleApp({ outdir, postCliContext: commandContext(), builtinCloudFormationValidation: false })
  app.synth()
  return assemblyOf(outdir, EXAMPLE)
}

/** A function of a stack that was built into a directory. @param path of the function in the stack: `Guard/Probe/…` */
export function assemblyOf(outdir: string, path: string): Assembly {
  const { Resources } = JSON.parse(readFileSync(join(outdir, `${STACK}.template.json`), 'utf8'))
  const resource = (Object.values(Resources) as FunctionResource[]).find(
    ({ Type, Metadata }) =>
      Type === 'AWS::Lambda::Function' && Metadata['aws:cdk:path'] === `${STACK}/${path}/Resource`,
  )
  if (!resource) throw new Error(`Cannot find the function ${path} in the template of ${STACK}`)
  const variables = Object.entries(resource.Properties.Environment?.Variables ?? {})
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
