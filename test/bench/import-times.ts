/**
 * How long files take to import, each time in a fresh process. The files take turns, so that what the machine does
 * meanwhile meets all of them.
 */

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const PROBE = fileURLToPath(new URL('import-probe.ts', import.meta.url))

/** @returns for each file its times in ms, one for each round */
export async function measureImports(
  files: readonly string[],
  rounds: number,
): Promise<readonly (readonly number[])[]> {
  const times = files.map((): number[] => [])
  const env = { PATH: process.env['PATH'], AWS_REGION: 'eu-central-1' }
  for (let round = 0; round < rounds; round++) {
    for (const [index, file] of files.entries()) {
      const { stdout } = await promisify(execFile)(process.execPath, [PROBE, file], { env })
      // Before it may stand lines of metrics.
      times[index]?.push(Number(stdout.split('\n').at(-1)))
    }
  }
  return times
}
