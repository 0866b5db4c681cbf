/**
 * `pinned-fetch deny <policy> <pin>`: what it takes.
 */

import { addEditOptions } from '../add/options.ts'
import type { Define } from '../verb.ts'
import type { DenyOptions } from './work.ts'

const DESCRIPTION = `Bans a key: it is accepted nowhere in a path any more, of no host, pinned or not. Tells whose pins it is, and refuses to
ban a key that a host may be using. What is not touched stays as it is written; a serial rises by one. In a secret it
changes what is current, in one step; a signed policy is edited in a file, and signed again.`

export const defineDeny: Define = (program, act) => {
  const command = program
    .command('deny')
    .summary('ban a key everywhere, such as a stolen one')
    .description(DESCRIPTION)
    .argument('<policy>', 'a file, or secret:<name or ARN>')
    .argument('<pin>', 'of the key, sha256/<base64>')
    .option('--remove', 'lift the ban')
  addEditOptions(command).action(act<[string, string, DenyOptions]>(async () => (await import('./work.ts')).deny))
}
