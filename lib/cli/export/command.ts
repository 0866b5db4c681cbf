/**
 * `pinned-fetch export <policy>`: what it takes.
 */

import type { Define } from '../verb.ts'
import type { ExportOptions } from './work.ts'

const DESCRIPTION = `Writes a policy in the form that another program reads. What that program can't be told is a warning; where it would let
through what the policy refuses, nothing is written unless --force says so.`

export const defineExport: Define = (program, act) => {
  program
    .command('export')
    .summary('the same policy for Android, iOS, OkHttp, curl, Envoy, TrustKit')
    .description(DESCRIPTION)
    .argument('<policy>', 'a file, "-", or secret:<name or ARN>[#<version or stage>]')
    .requiredOption('--to <target>', 'android, ios, okhttp, curl, envoy or trustkit')
    .option(
      '--host <host>',
      'only this host, by the entry that covers it, with :port or without; may be repeated',
      collect,
      [],
    )
    .option('--pins-as <role>', 'ios: the keys in "pins" are those of servers (leaf) or of CAs (issuer)')
    .option('--force', 'write it although it is weaker than the policy')
    .action(act<[string, ExportOptions]>(async () => (await import('./work.ts')).exportTo))
}

function collect(value: string, former: readonly string[]): readonly string[] {
  return [...former, value]
}
