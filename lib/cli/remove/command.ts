/**
 * `pinned-fetch remove <policy> <host>`: what it takes.
 */

import type { Define } from '../verb.ts'
import type { RemoveOptions } from './work.ts'

const DESCRIPTION = `Takes the entry of a host, or pins of it, out of a policy. What is not touched stays as it is written; a serial rises by
one. Refuses what would lock you out, such as the last pin. For a secret: pull, remove, push.`

export const defineRemove: Define = (program, act) => {
  program
    .command('remove')
    .summary('take pins or a host out of a policy file')
    .description(DESCRIPTION)
    .argument('<policy>', 'a file')
    .argument('<host>', 'the pattern of the entry')
    .option('--pin <pin>', 'only this pin, from each list that holds it; may be repeated', collect, [])
    .option('--dry-run', 'only show what would change')
    .option('--force', 'do it although it would hurt')
    .action(act<[string, string, RemoveOptions]>(async () => (await import('./work.ts')).remove))
}

function collect(value: string, former: readonly string[]): readonly string[] {
  return [...former, value]
}
