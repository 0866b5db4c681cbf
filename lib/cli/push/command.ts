/**
 * `pinned-fetch push <file> <secret>`: what it takes.
 */

import { addWriteOptions } from '../secret/options.ts'
import type { Define } from '../verb.ts'
import type { PushOptions } from './work.ts'

const DESCRIPTION = `Makes a policy the current version of a secret, if it is one. Shows the difference first. Refuses when the secret has
moved since the version that pull noted beside the file (or --expect), and what would lock you out.`

export const definePush: Define = (program, act) => {
  const command = program
    .command('push')
    .summary('make a file the current version of a secret')
    .description(DESCRIPTION)
    .argument('<file>', 'a policy, or "-" for standard input')
    .argument('<secret>', 'name or ARN')
    .option('--expect <version>', 'the version that the file was made from; "none": the secret holds nothing yet')
    .option('--create', 'make the secret when it is not there')
  addWriteOptions(command).action(act<[string, string, PushOptions]>(async () => (await import('./work.ts')).push))
}
