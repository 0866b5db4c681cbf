/** Bundles a handler with the stack's own esbuild options. */

import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { esbuildOptions } from '../../infra/bundle-file.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * @param handler name of a file in `handlers/`, without extension
 * @returns the path of the bundle
 */
export async function bundleHandler(handler: string, folder: string): Promise<string> {
  const outfile = `${folder}/${handler}.mjs`
  await build({
    ...esbuildOptions(),
    absWorkingDir: ROOT,
    entryPoints: [`test/bench/handlers/${handler}.ts`],
    outfile,
  })
  return outfile
}
