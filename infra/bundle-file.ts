/**
 * One file of TypeScript and all that it imports, as one file of JavaScript: esbuild, with the options of bundling.ts.
 *
 * Needs esbuild, so it runs in a checkout of this repository only: at synthesis, and when the package is built.
 */

import { createRequire } from 'node:module'
import type { BuildOptions } from 'esbuild'
import { BUNDLING } from './bundling.ts'

export interface BundleFileOptions {
  /** Unset: as bundling.ts says. */
  readonly sourceMap?: boolean
}

/** @throws {Error} with esbuild's messages */
export function bundleFile(
  entry: string,
  outfile: string,
  { sourceMap = BUNDLING.sourceMap === true }: BundleFileOptions = {},
): void {
  // Not an import: whoever has installed the package has no esbuild, and needs none.
  const esbuild = createRequire(import.meta.url)('esbuild') as typeof import('esbuild')
  esbuild.buildSync({ ...esbuildOptions(), entryPoints: [entry], outfile, sourcemap: sourceMap })
}

/** The CDK's options as esbuild's own, without source maps. */
export function esbuildOptions(): BuildOptions {
  const { format, target, mainFields, minify, sourceMap: _, sourcesContent, banner, esbuildArgs, ...others } = BUNDLING
  const { '--conditions': conditions, '--log-override': override, ...more } = esbuildArgs ?? {}
  const unknown = [...Object.keys(others), ...Object.keys(more)].filter((name) => !KNOWN.includes(name))
  if (unknown.length > 0)
    throw new Error(`infra/bundling.ts has options that infra/bundle-file.ts does not know: ${unknown}`)
  return {
    bundle: true,
    platform: 'node',
    logLevel: 'warning',
    format: format === 'esm' ? 'esm' : 'cjs',
    ...(target === undefined ? {} : { target }),
    ...(mainFields === undefined ? {} : { mainFields: [...mainFields] }),
    minify: minify === true,
    sourcesContent: sourcesContent === true,
    banner: { js: banner ?? '' },
    conditions: String(conditions).split(','),
    logOverride: Object.fromEntries([String(override).split('=') as [string, 'error']]),
  }
}

/** What is the default of esbuild, or said above. */
const KNOWN = ['logLevel', 'bundleAwsSDK']
