/**
 * What is deployed with the preload: a handler that knows nothing of pins and the preload, a file each, as esbuild makes
 * them with the options of the stack.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { esbuildOptions } from '../../../infra/bundle-file.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

export interface Bundle {
  /** Holds `register.mjs` and `handler.mjs`. */
  readonly taskRoot: string
  remove(): void
}

export async function bundlePreload(): Promise<Bundle> {
  const taskRoot = mkdtempSync(join(tmpdir(), 'pinned-fetch-preload-'))
  await build({
    ...esbuildOptions(),
    absWorkingDir: ROOT,
    entryPoints: { register: 'lib/lambda/register.ts', handler: 'test/lambda/register/handler.ts' },
    outdir: taskRoot,
    outExtension: { '.js': '.mjs' },
  })
  return { taskRoot, remove: () => rmSync(taskRoot, { recursive: true, force: true }) }
}
