/**
 * Bundles a handler with the stack's own esbuild options, and tells which part of it takes how many bytes.
 */

import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { BUNDLING } from '../../infra/bundling.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The first that fits names the part. */
const PARTS: readonly (readonly [part: string, fits: RegExp])[] = [
  ['pinned-fetch itself', /^lib\//],
  ['undici', /node_modules\/undici\//],
  ['AWS SDK, Secrets Manager client', /node_modules\/(@aws-sdk|@smithy|bowser|tslib|@aws-crypto)\//],
  ['tldts (public suffixes)', /node_modules\/tldts/],
  ['Powertools Metrics', /node_modules\/(@aws-lambda-powertools|@aws)\//],
]

const REST = 'the handler and Middy'

export interface Bundle {
  readonly file: string
  readonly bytes: number
  /** Bytes by part, the largest first. */
  readonly parts: readonly (readonly [part: string, bytes: number])[]
}

/** @param handler name of a file in `handlers/`, without extension */
export async function bundleHandler(handler: string, folder: string): Promise<Bundle> {
  const file = `${folder}/${handler}.mjs`
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [`test/bench/handlers/${handler}.ts`],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: BUNDLING.target ?? 'node22',
    mainFields: BUNDLING.mainFields ?? [],
    minify: BUNDLING.minify ?? false,
    banner: { js: BUNDLING.banner ?? '' },
    conditions: String(BUNDLING.esbuildArgs?.['--conditions']).split(','),
    logLevel: 'warning',
    metafile: true,
  })
  const [output] = Object.values(metafile.outputs)
  const sizes = new Map<string, number>()
  for (const [input, { bytesInOutput }] of Object.entries(output?.inputs ?? {})) {
    const part = PARTS.find(([, fits]) => fits.test(input))?.[0] ?? REST
    sizes.set(part, (sizes.get(part) ?? 0) + bytesInOutput)
  }
  return { file, bytes: output?.bytes ?? 0, parts: [...sizes].sort((left, right) => right[1] - left[1]) }
}
