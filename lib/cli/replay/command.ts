/**
 * `pinned-fetch replay <policy> <chains…>`: what it takes.
 */

import type { Define } from '../verb.ts'
import type { ReplayOptions } from './work.ts'

export const defineReplay: Define = (program, act) => {
  program
    .command('replay')
    .summary('the outages that a policy would have had over recorded rotation')
    .description(
      'Judges recorded chains, each at its own date, as a guard with this policy would have: how many it refuses, when the ' +
        'first outage begins. With --strategy there is no policy: each host gets the one that somebody would have made from ' +
        'its first chain. Chains are verified up to their own root or one of Node.',
    )
    .usage('[options] <policy> <chains...>')
    .argument('<policy-and-chains...>', 'a policy, then folders or files: <host>/<date>-<anything>.pem, <host>.pem')
    .addOption(
      program
        .createOption('--strategy <name>', 'no policy, but what one would have pinned at first')
        .choices(['leaf', 'issuer', 'root', 'mixed', 'all']),
    )
    .action(act<[string[], ReplayOptions]>(async () => (await import('./work.ts')).replay))
}
