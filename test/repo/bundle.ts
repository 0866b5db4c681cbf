/**
 * A handler in one file, as the stack deploys it: esbuild with the options of infra/bundling.ts, in a folder of its own.
 *
 * The bundle can be told to say which packages it evaluates: each of their files then notes its package's name, once
 * its code has run.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Metafile, type Plugin } from 'esbuild'
import { esbuildOptions } from '../../infra/bundle-file.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The global of a bundle that says what it evaluates: a list of packages. */
export const EVALUATED = 'evaluatedPackages'

/** Innermost package of a file in node_modules. */
const PACKAGE = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//

export interface BundleOptions {
  /** Whether each file of a package notes, in {@link EVALUATED}, that it was evaluated. */
  readonly saysWhatItEvaluates?: boolean
}

export class Bundle implements Disposable {
  readonly #folder: string
  readonly #output: Metafile['outputs'][string]

  private constructor(folder: string, output: Metafile['outputs'][string]) {
    this.#folder = folder
    this.#output = output
  }

  static async of(handler: string, { saysWhatItEvaluates = false }: BundleOptions = {}): Promise<Bundle> {
    const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-bundle-'))
    const { metafile } = await build({
      ...esbuildOptions(),
      stdin: { contents: handler, resolveDir: ROOT, loader: 'ts' },
      outfile: join(folder, 'index.mjs'),
      absWorkingDir: ROOT,
      plugins: saysWhatItEvaluates ? [NOTES] : [],
      metafile: true,
    })
    const output = Object.values(metafile.outputs).find(({ entryPoint }) => entryPoint !== undefined)
    if (output === undefined) throw new Error('esbuild made no bundle')
    return new Bundle(folder, output)
  }

  /** The bundle's file. */
  get file(): string {
    return join(this.#folder, 'index.mjs')
  }

  /** Bytes of the whole bundle, minified. */
  get bytes(): number {
    return this.#output.bytes
  }

  /** What each file contributes to it, minified: from the repository's root, in bytes. */
  get contributions(): ReadonlyMap<string, number> {
    return new Map(Object.entries(this.#output.inputs).map(([file, { bytesInOutput }]) => [file, bytesInOutput]))
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true })
  }
}

/** The package that a file belongs to; `undefined` for a file of this repository. */
export function packageOf(file: string): string | undefined {
  return PACKAGE.exec(file)?.[1]
}

const NOTES: Plugin = {
  name: 'notes what is evaluated',
  setup({ onLoad }) {
    onLoad({ filter: /node_modules\/.*\.[cm]?js$/ }, ({ path }) => {
      const note = `;(globalThis.${EVALUATED} ??= []).push(${JSON.stringify(packageOf(path))});`
      return { contents: `${readFileSync(path, 'utf8')}\n${note}`, loader: 'js' }
    })
  },
}
