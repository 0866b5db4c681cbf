/**
 * `pinned-fetch history <secret>`: what it takes.
 */

import type { Define } from '../verb.ts'
import type { HistoryOptions } from './work.ts'

export const defineHistory: Define = (program, act) => {
  program
    .command('history')
    .summary('the versions of a secret, and what changed from one to the next')
    .description('Lists the versions of a secret, the newest first: stages, date, serial, and what changed in each.')
    .argument('<secret>', 'name or ARN')
    .option('--limit <number>', 'how many versions', '10')
    .action(act<[string, HistoryOptions]>(async () => (await import('./work.ts')).history))
}
