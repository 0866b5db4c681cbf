/**
 * `pinned-fetch verify <policy>`: what it takes.
 */

import type { Define } from '../verb.ts'
import type { VerifyOptions } from './work.ts'

export const defineVerify: Define = (program, act) => {
  program
    .command('verify')
    .summary('check the signature of a policy')
    .description('Says who signed a policy and until when, as a guard with "verifyKeys" would see it.')
    .argument('<policy>', 'a file, "-", or secret:<name or ARN>[#<version or stage>]')
    .requiredOption('--key <file...>', 'public keys in PEM, one of which must have signed')
    .action(act<[string, VerifyOptions]>(async () => (await import('./work.ts')).verify))
}
