/**
 * `pinned-fetch init [file]`: what it takes.
 */

import type { Define } from '../verb.ts'
import type { InitOptions } from './work.ts'

const DESCRIPTION = `Writes a new policy without hosts; add puts them in. Until then a guard refuses it, since it allows no call.
A file that is there is left alone.`

export const defineInit: Define = (program, act) => {
  program
    .command('init')
    .summary('write a new policy file')
    .description(DESCRIPTION)
    .argument('[file]', 'where to write', 'policy.json')
    .option('--default <rule>', 'what happens to hosts without an entry: deny, report or allow', 'deny')
    .option('--force', 'write over a file that is there')
    .action(act<[string, InitOptions]>(async () => (await import('./work.ts')).init))
}
