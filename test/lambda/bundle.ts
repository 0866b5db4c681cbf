/**
 * Makes the fixtures what a deployed function is: one file each, built by esbuild with the options of the stack.
 *
 * The command is the one that CDK's NodejsFunction runs, so what a test runs is what would be deployed.
 */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BUNDLING } from '../../infra/bundling.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Bundles {
  /** Holds `<fixture>.mjs` for each fixture. */
  readonly taskRoot: string
  remove(): void
}

/** @param fixtures names of files in `fixtures/`, without extension */
export function bundleFixtures(...fixtures: readonly string[]): Bundles {
  return bundle(fixtures.map((name) => `test/lambda/fixtures/${name}.ts`))
}

/** @param names of files in `functions/`, without extension */
export function bundleFunctions(...names: readonly string[]): Bundles {
  return bundle(names.map((name) => `functions/${name}.ts`))
}

function bundle(entries: readonly string[]): Bundles {
  const taskRoot = mkdtempSync(join(tmpdir(), 'pinned-fetch-bundle-'))
  const esbuild = join(ROOT, 'node_modules/.bin/esbuild')
  execFileSync(esbuild, ['--bundle', ...entries, `--outdir=${taskRoot}`, '--out-extension:.js=.mjs', ...settings()], {
    cwd: ROOT,
  })
  return { taskRoot, remove: () => rmSync(taskRoot, { recursive: true, force: true }) }
}

function settings(): string[] {
  const { format, target, mainFields, minify, sourceMap, sourcesContent, logLevel, banner, esbuildArgs, ...rest } =
    BUNDLING
  // An option that is added there must be passed on here, or the tests would run something else.
  assert.deepEqual(rest, { bundleAwsSDK: true })
  assert.deepEqual([minify, sourceMap, sourcesContent], [true, true, false])
  return [
    `--target=${target}`,
    '--platform=node',
    `--format=${format}`,
    '--minify',
    '--sourcemap',
    '--sources-content=false',
    `--log-level=${logLevel}`,
    `--banner:js=${banner}`,
    `--main-fields=${mainFields?.join(',')}`,
    ...Object.entries(esbuildArgs ?? {}).map(([name, value]) =>
      name === '--log-override' ? `${name}:${value}` : `${name}=${value}`,
    ),
  ]
}
