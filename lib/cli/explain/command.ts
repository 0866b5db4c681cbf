/**
 * `pinned-fetch explain <policy> <url>`: what it takes.
 */

import type { Define } from '../verb.ts'

export const defineExplain: Define = (program, act) => {
  program
    .command('explain')
    .summary('which entry of a policy covers a URL, and what it asks for')
    .description('Says which entry of a policy covers a URL, why that one, and what a server would have to prove.')
    .argument('<policy>', 'a file, "-", or secret:<name or ARN>[#<version or stage>]')
    .argument('<url>', 'a URL, or a host')
    .action(act<[string, string, object]>(async () => (await import('./work.ts')).explain))
}
