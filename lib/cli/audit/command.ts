/**
 * `pinned-fetch audit <policy>`: what it takes.
 */

import { addLookOptions } from '../check/command.ts'
import type { Define } from '../verb.ts'
import type { AuditOptions } from './work.ts'

export const defineAudit: Define = (program, act) => {
  const command = program
    .command('audit')
    .summary('the periodic audit: hosts, pins, what ends, what changed')
    .description(
      'Looks at every host of a policy as "check" does, and writes down what there is to know: the path of each host, which ' +
        'pins matched, the backups, what ends when, the findings of "lint" and "check". Markdown, or JSON with --json; ' +
        '--html writes one page that needs nothing else.',
    )
    .argument('<policy>', 'a file, "-", or secret:<name or ARN>[#<version or stage>]')
  addLookOptions(command)
    .option('--since <file>', 'an earlier audit as JSON: what changed since')
    .option('--html <file>', 'write the audit as one page of HTML as well')
    .action(act<[string, AuditOptions]>(async () => (await import('./work.ts')).audit))
}
