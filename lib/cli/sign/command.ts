/**
 * `pinned-fetch sign <policy>`: what it takes.
 */

import type { Define } from '../verb.ts'
import type { SignOptions } from './work.ts'

export const defineSign: Define = (program, act) => {
  program
    .command('sign')
    .summary('sign a policy, so that who can write the secret cannot weaken it')
    .description(
      `Puts a policy into a signed envelope (JWS). Guards with "verifyKeys" take nothing else. The policy needs a "serial".
What pull noted beside the policy is noted beside the signed file, for push.`,
    )
    .argument('<policy>', 'a file, or "-"')
    .option('--key <file>', 'private key in PEM: Ed25519 or P-256')
    .option('--kms <key>', 'id or ARN of a KMS key (ECC_NIST_P256) that signs instead')
    .option('--expires <when>', 'end of the signature: a number of days ("90d"), or an instant with a zone')
    .option('--no-expiry', 'the signature has no end')
    .option('--out <file>', 'write the envelope there instead of to stdout')
    .action(act<[string, SignOptions]>(async () => (await import('./work.ts')).sign))
}
