/**
 * `pinned-fetch add <policy> <host>`: what it takes.
 */

import type { Define } from '../verb.ts'
import type { AddOptions } from './work.ts'

const DESCRIPTION = `Adds pins to the entry of a host, and the entry if it is not there. What is not touched stays as it is written;
a serial rises by one. Refuses what would lock you out. For a secret: pull, add, push.`

export const defineAdd: Define = (program, act) => {
  program
    .command('add')
    .summary('add pins of a host to a policy file')
    .description(DESCRIPTION)
    .argument('<policy>', 'a file')
    .argument('<host>', 'a host, "*.name" (one label more), "**.name" (it and all below), each with ":port" or without')
    .option('--pin <pin>', 'of any key of the path, sha256/<base64>; may be repeated', collect, [])
    .option('--leaf-pin <pin>', "of the server's own key; may be repeated", collect, [])
    .option('--issuer-pin <pin>', 'of a key above it; may be repeated', collect, [])
    .option('--name <name>', 'what people call the key; for one pin')
    .option('--expires <when>', 'after it the pins match no more: 90d, or an instant like 2027-06-30T00:00:00Z')
    .option('--dry-run', 'only show what would change')
    .option('--force', 'do it although it would hurt')
    .action(act<[string, string, AddOptions]>(async () => (await import('./work.ts')).add))
}

function collect(value: string, former: readonly string[]): readonly string[] {
  return [...former, value]
}
