/**
 * `pinned-fetch remove <policy> <host>`: what it takes.
 */

import { addEditOptions } from '../add/options.ts'
import type { Define } from '../verb.ts'
import type { RemoveOptions } from './work.ts'

const DESCRIPTION = `Takes the entry of a host, or pins of it, out of a policy. What is not touched stays as it is written; a serial rises by
one. Refuses what would lock you out, such as the last pin. In a secret it changes what is current, in one step; a signed
policy is edited in a file, and signed again.`

export const defineRemove: Define = (program, act) => {
  const command = program
    .command('remove')
    .summary('take pins or a host out of a policy')
    .description(DESCRIPTION)
    .argument('<policy>', 'a file, or secret:<name or ARN>')
    .argument('<host>', 'the pattern of the entry')
    .option('--pin <pin>', 'only this pin, from each list that holds it; may be repeated', collect, [])
  addEditOptions(command).action(act<[string, string, RemoveOptions]>(async () => (await import('./work.ts')).remove))
}

function collect(value: string, former: readonly string[]): readonly string[] {
  return [...former, value]
}
