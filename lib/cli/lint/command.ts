/**
 * `pinned-fetch lint <policy>`: what it takes.
 */

import type { Define } from '../verb.ts'
import type { LintOptions } from './work.ts'

export const defineLint: Define = (program, act) => {
  program
    .command('lint')
    .summary('read a policy and say what is wrong with it, and what will hurt')
    .description(
      'Reads a policy, and tells what is likely to hurt: no backup pin, a report mode that was left on, dates.',
    )
    .argument('<policy>', 'a file, "-", or secret:<name or ARN>[#<version or stage>]')
    .option('--max-warnings <number>', 'end with 1 when there are more warnings than this', '0')
    .action(act<[string, LintOptions]>(async () => (await import('./work.ts')).lint))
}
