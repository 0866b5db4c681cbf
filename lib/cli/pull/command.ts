/**
 * `pinned-fetch pull <secret> [file]`: what it takes.
 */

import type { Define } from '../verb.ts'
import type { PullOptions } from './work.ts'

const DESCRIPTION = `Reads the policy of a secret into a file, or to stdout, as it was written. Beside the file it notes the version
(<file>.pulled), so that push can tell when the secret has moved meanwhile. With --unsigned it takes the policy out of
its signed envelope, to be edited and signed again.`

export const definePull: Define = (program, act) => {
  program
    .command('pull')
    .summary('read the policy of a secret into a file')
    .description(DESCRIPTION)
    .argument('<secret>', 'name or ARN, and with "#" a version or stage of it (default: AWSCURRENT)')
    .argument('[file]', 'where to write; default: stdout')
    .option('--unsigned', 'the policy inside the signed envelope')
    .option('--key <file>', 'public key in PEM that must have signed it; may be repeated', collect, [])
    .option('--force', 'write over a file that holds something else')
    .action(act<[string, string | undefined, PullOptions]>(async () => (await import('./work.ts')).pull))
}

function collect(value: string, former: readonly string[]): readonly string[] {
  return [...former, value]
}
