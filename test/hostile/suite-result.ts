/**
 * What one suite of foreign material came to, in the form from which the table of docs/evidence.md is made.
 *
 * A suite asserts by itself, as any test does; besides, it tells here what it tried. Nothing is written unless
 * `npm run evidence` asks for it.
 */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A case that came out otherwise than its authors say it should. */
export interface Divergence {
  readonly case: string
  readonly expected: string
  readonly got: string
  /** Why that is right, or what it costs. */
  readonly reason: string
}

export interface SuiteResult {
  /** Also the name of its file: letters, digits, spaces and dashes. */
  readonly suite: string
  /** Who wrote the material. */
  readonly source: string
  /** Repeats this suite alone. */
  readonly command: string
  readonly cases: number
  /** In counted words: "63 accepted, 145 refused". */
  readonly expected: string
  readonly got: string
  readonly divergences: readonly Divergence[]
  /** Cases of the material that can't be tried, and why. */
  readonly notTried?: readonly { readonly cases: number; readonly reason: string }[]
}

/** Notes the result when `PINNED_FETCH_EVIDENCE` names a folder for it. */
export async function recordResult(result: SuiteResult): Promise<void> {
  const directory = process.env['PINNED_FETCH_EVIDENCE']
  if (directory === undefined) return
  await mkdir(directory, { recursive: true })
  const name = result.suite.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  await writeFile(join(directory, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`)
}
