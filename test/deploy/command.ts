/**
 * Commands of the story: `cdk`, the packed `pinned-fetch`, `cfn-lint`. Each runs to its end, in a given environment.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** What takes longer hangs, ms. */
const LIMIT_MS = 180_000

export type Environment = Readonly<Record<string, string | undefined>>

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  /** Both streams, as they came. */
  readonly output: string
}

/** @throws {Error} with all that it printed, unless it ends with one of `codes` (unset: 0) */
export async function run(
  command: readonly string[],
  env: Environment,
  { codes = [0], cwd = ROOT }: { readonly codes?: readonly number[]; readonly cwd?: string } = {},
): Promise<Ended> {
  const [file = '', ...words] = command
  const child = spawn(file, words, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS })
  let [stdout, output] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== null && codes.includes(code)) return { code, stdout, output }
  throw new Error(`${words.slice(0, 3).join(' ')} … ended with ${code ?? child.signalCode}:\n${output}`)
}

/** The real `cdk`, under this Node, which the app runs under as well. */
export function cdk(words: readonly string[], env: Environment, codes: readonly number[] = [0]): Promise<Ended> {
  return run([process.execPath, `${ROOT}node_modules/aws-cdk/bin/cdk`, ...words], env, { codes })
}
