/**
 * `pinned-fetch check <policy> [host…]`: what it takes.
 */

import type { Command, Option } from 'commander'
import type { Define } from '../verb.ts'
import type { CheckOptions } from './work.ts'

export const defineCheck: Define = (program, act) => {
  const command = program
    .command('check')
    .summary('hold the hosts of a policy against what they show')
    .description(
      'Asks every exact host of a policy for its certificates, sends nothing, and says what a guard with this policy would do: ' +
        'which pin matches, which were never seen, what ends when. Ends with 1 when a host would be refused, with 3 when one ' +
        'could not be asked.',
    )
    .argument('<policy>', 'a file, "-", or secret:<name or ARN>[#<version or stage>]')
    .argument('[host...]', 'only these hosts, such as one that a wildcard covers; host:port')
  addLookOptions(command)
    .option('--max-warnings <number>', 'end with 1 when there are more warnings than this')
    .action(act<[string, string[], CheckOptions]>(async () => (await import('./work.ts')).check))
}

/** The options of a look at the hosts of a policy: also those of `audit`. */
export function addLookOptions(command: Command): Command {
  return command
    .addOption(repeated(command, '--host <host>', 'this host as well, such as one that a wildcard covers'))
    .option('--chains <folder>', 'ask nobody: take recorded chains, PEM files named host.pem')
    .option('--at <instant>', 'with --chains, the time to judge at, such as 2026-03-01T00:00:00Z; default: now')
    .option('--ca <file>', 'trust the certificates of this file instead of the ones of Node')
    .addOption(
      repeated(
        command,
        '--address <[host=]address>',
        'where to connect to, with a port or without, when it is not where DNS says: for all hosts or for one',
      ),
    )
    .option(
      '--proxy <url>',
      'go through this proxy (http, https or socks5), or "environment" for HTTPS_PROXY and so on',
    )
    .option('--concurrency <number>', 'hosts asked at once', '8')
    .option('--warn-days <number>', 'warn of what ends in fewer days', '30')
}

function repeated(command: Command, flags: string, description: string): Option {
  return command
    .createOption(flags, `${description}; may be repeated`)
    .argParser((value, former: readonly string[]) => [...former, value])
    .default([], 'none')
}
